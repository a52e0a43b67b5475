-- Values have been filled into versions: snapshots computed before and after may differ.
update version_fills set fills = fills + 1;

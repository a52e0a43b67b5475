-- How often values have been filled into versions.
select fills from version_fills;

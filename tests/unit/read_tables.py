"""The values of a column as it was read, row by row."""


def values(table, name):
    column = next(column for column in table.columns if column.name == name)
    texts = column.texts.to_pylist()
    return [texts[code] for code in column.codes]

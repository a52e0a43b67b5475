"""Encodings are decided by evidence; where it is not clear, the note says how to name one."""

# ruff: noqa: RUF001 - letters of other languages that look like those of English

import pytest

from kindred.errors import InferenceError
from kindred.infer.reading import read_table
from unit.read_tables import values

CITIES = {
    "French": (
        "cp1252 mac-roman cp850 iso8859-15",
        "Orléans Besançon Nîmes Sète Paris Évry Béziers",
    ),
    "Spanish": ("cp1252", "Málaga Cádiz Logroño Madrid León Ávila Jaén Cataluña"),
    "German": ("cp1252 mac-roman", "München Köln Düsseldorf Gießen Würzburg Berlin Lübeck"),
    "Swedish": ("cp1252", "Malmö Göteborg Västerås Örebro Linköping Uppsala Luleå"),
    "Danish": ("cp1252", "Århus Ålborg Køge Næstved Hillerød Helsingør"),
    "Polish": ("cp1250 iso8859-2", "Łódź Kraków Gdańsk Wrocław Poznań Częstochowa Toruń"),
    "Czech": ("cp1250 cp852", "Plzeň Liberec Brno Ústí Třebíč Děčín Kroměříž Žďár"),
    "Turkish": ("cp1254", "İstanbul İzmir Eskişehir Muğla Çanakkale Kırşehir"),
    "Lithuanian": ("cp1257", "Šiauliai Panevėžys Klaipėda Vilnius Marijampolė"),
    "Russian": ("cp1251 koi8-r cp866 iso8859-5 mac-cyrillic", "Москва Казань Пермь Уфа Тула"),
    "Ukrainian": ("cp1251 koi8-u", "Київ Харків Львів Одеса Чернівці"),
    "Greek": ("cp1253 iso8859-7", "Αθήνα Θεσσαλονίκη Πάτρα Ηράκλειο Βόλος"),
    "Hebrew": ("cp1255", "ירושלים חיפה אילת נתניה"),
    "Arabic": ("cp1256", "القاهرة الرياض بغداد دمشق"),
    "Japanese": ("cp932 euc-jp", "東京 大阪 さいたま 札幌 カスタマー"),
    "Chinese": ("gb18030", "北京 上海 广州 深圳 成都 客户"),
    "Korean": ("cp949", "서울 부산 인천 대구 광주"),
    "any": ("utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32", "Köln Київ 東京 🎉"),
}
FILES = [
    (language, encoding, cities.split())
    for language, (encodings, cities) in CITIES.items()
    for encoding in encodings.split()
]


def file_of(cities):
    return "id,city\n" + "".join(f"{n},{cities[n % len(cities)]}\n" for n in range(60))


@pytest.mark.parametrize(("language", "encoding", "cities"), FILES)
def test_texts_are_read_as_they_were_written(language, encoding, cities):
    table = read_table(file_of(cities).encode(encoding))
    assert values(table, "city")[: len(cities)] == cities
    assert any("UTF-8" in note or "encoding" in note for note in table.notes) == (
        not encoding.startswith("utf-8")
    )


@pytest.mark.parametrize(("language", "encoding", "cities"), FILES)
def test_an_encoding_that_is_named_is_used(language, encoding, cities):
    table = read_table(file_of(cities).encode(encoding), encoding=encoding.upper())
    assert values(table, "city")[: len(cities)] == cities
    assert table.notes == ()


def test_where_the_evidence_is_not_clear_it_is_said():
    # Hungarian, whose letters are those of other languages in cp1252
    table = read_table(file_of(["Győr", "Pécs", "Debrecen", "Érd"]).encode("cp1250"))
    assert "this is not certain: if texts look wrong, name the encoding" in table.notes[0]
    named = read_table(file_of(["Győr", "Pécs"]).encode("cp1250"), encoding="cp1250")
    assert values(named, "city")[:2] == ["Győr", "Pécs"]


def test_signs_alone_show_an_encoding_too():
    table = read_table("id,income\n1,3 €\n2,4 €\n3,– 5 €\n".encode("cp1252"))
    assert values(table, "income") == ["3 €", "4 €", "– 5 €"]
    assert table.notes == ("the file is not UTF-8 and was read as Windows-1252 (cp1252)",)


def test_a_few_damaged_bytes_do_not_make_another_encoding():
    data = file_of(["Köln", "Orléans"]).encode().replace("7,Orléans".encode(), b"7,Orl\xe9ans", 1)
    table = read_table(data)
    assert set(values(table, "city")) == {"Köln", "Orléans"}
    assert table.notes == ("the file is UTF-8, but for 1 bytes that were read as cp1252",)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("latin99", "encoding: 'latin99' found, but the name of an encoding is expected"),
        ("base64", "encoding: 'base64' found"),
        ("utf-8", r"utf-8 was asked for, but byte 13 \(line 2\) is not valid there"),
    ],
)
def test_an_encoding_that_cannot_be_is_refused(encoding, said):
    with pytest.raises(InferenceError, match=said):
        read_table("id,city\n1,Orléans\n".encode("cp1252"), encoding=encoding)

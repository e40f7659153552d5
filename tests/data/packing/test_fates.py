from honmono.data.packing.fates import Fates, files_of, lines_of, number_of


def test_the_first_thousand_of_each_fate_are_named_and_all_are_counted() -> None:
    fates = Fates("repaired", "what")
    fates.add([("both.png", "turned"), ("both.png", "grey")], str)
    fates.add(((number, "turned by EXIF") for number in range(1500)), lambda number: f"{number:04}.png")
    record = fates.record()
    assert len(record["repaired"]) == 1002 and record["repaired"][0] == {"name": "both.png", "what": "turned"}
    assert files_of(record, "repaired") == 1501 and number_of(record, "repaired", "what", "turned") == 1501
    lines = lines_of(record, "repaired", "what", 2)
    assert lines[0] == "repaired: 1,501" and lines[1:3] == ["  turned: both.png", "  grey: both.png"]
    assert lines[3] == "  turned by EXIF: 0000.png, 0001.png and 1,498 more"


def test_records_of_earlier_versions_are_read() -> None:
    entries = [{"name": "a", "what": "turned"}, {"name": "a", "what": "grey"}, {"name": "b", "what": "grey"}]
    record = {"repaired": entries}
    assert files_of(record, "repaired") == 2 and number_of(record, "repaired", "what", "gr") == 2
    assert lines_of(record, "repaired", "what", 5) == ["repaired: 2", "  turned: a", "  grey: a, b"]

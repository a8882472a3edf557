"""Ids of another server in documents."""

from octoplat.imports.references import References, secrets_in, without_own, without_secrets


def test_ids_are_translated_wherever_they_stand_and_other_text_stays():
    known = References()
    known.learn("Environments-1", "Environments-7")
    known.learn("Teams-2", "Teams-9")
    document = {
        "Environments-1": ["Environments-1", "Environments-2"],
        "Properties": {"Teams": "Teams-2,Environments-1", "Text": "in Environments-1"},
        "Count": 3,
    }

    assert known.translated(document) == {
        "Environments-7": ["Environments-7", "Environments-2"],
        "Properties": {"Teams": "Teams-9,Environments-7", "Text": "in Environments-1"},
        "Count": 3,
    }


def test_secrets_are_named_by_where_they_are_and_left_out():
    document = {
        "Password": {"HasValue": True, "NewValue": None},
        "Token": {"HasValue": False},
        "Actions": [{"Name": "Go", "Properties": {"Key": {"HasValue": True}, "Url": "x"}}],
    }

    assert list(secrets_in(document)) == ["Password", "Actions[Go].Properties.Key"]
    assert without_secrets(document) == {
        "Token": {"HasValue": False},
        "Actions": [{"Name": "Go", "Properties": {"Url": "x"}}],
    }


def test_what_only_its_server_may_say_is_left_out():
    assert without_own({"Id": "A-1", "Name": "x", "Links": {}, "SpaceId": "Spaces-1"}) == {
        "Name": "x"
    }

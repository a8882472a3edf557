"""Release notes and deployment changes. domain.md 15, 16.3; variables-and-versions.md 3."""

import json

from deployments.core.release_notes import (
    ReleaseNote,
    changes,
    changes_markdown,
    changes_variables,
    filled,
    note_variables,
)

BUILD = {
    "package_id": "Acme.Web",
    "version": "1.2.0",
    "build_number": "42",
    "build_url": "https://ci.example/42",
    "commits": [{"id": "abc", "comment": "Fix #{Secret}", "link": "https://git.example/abc"}],
}
NOTES = [ReleaseNote(version) for version in ("1.0", "1.1", "1.2-beta", "1.2", "1.3")]


def versions(found):
    return [(note.version, note.is_reverted) for note in found]


class TestChanges:
    def test_everything_since_the_last_success_newest_first(self):
        found = changes(ReleaseNote("1.2"), "1.0", NOTES)

        assert versions(found) == [("1.2", False), ("1.2-beta", False), ("1.1", False)]

    def test_a_first_deployment_tells_of_itself(self):
        assert versions(changes(ReleaseNote("1.2"), None, NOTES)) == [("1.2", False)]

    def test_a_pre_release_tells_only_of_itself(self):
        assert versions(changes(ReleaseNote("1.2-beta"), "1.0", NOTES)) == [("1.2-beta", False)]

    def test_the_same_again_brings_only_itself(self):
        assert versions(changes(ReleaseNote("1.2"), "1.2", NOTES)) == [("1.2", False)]

    def test_going_back_tells_what_is_taken_away(self):
        found = changes(ReleaseNote("1.1"), "1.3", NOTES)

        assert versions(found) == [
            ("1.1", False),
            ("1.3", True),
            ("1.2", True),
            ("1.2-beta", True),
        ]

    def test_clients_read_builds_and_commits_of_a_release(self):
        document = ReleaseNote("1.2", "Better", [BUILD, BUILD]).document()

        assert document["Version"] == "1.2"
        assert document["ReleaseNotes"] == "Better"
        assert [build["PackageId"] for build in document["BuildInformation"]] == ["Acme.Web"] * 2
        assert [commit["Id"] for commit in document["Commits"]] == ["abc"]

    def test_variables_of_changes_are_lists_and_empty_ones_are_left_out(self):
        values = changes_variables([ReleaseNote("1.2").document()])

        assert list(values) == ["Octopus.Deployment.Changes"]
        assert json.loads(values["Octopus.Deployment.Changes"])[0]["Version"] == "1.2"


class TestMarkdown:
    def test_without_a_template_each_release_has_its_notes(self):
        documents = [ReleaseNote("1.2", "Better").document(), ReleaseNote("1.1").document()]

        assert changes_markdown("", documents, {}) == "**1.2**\n\nBetter\n\n**1.1**"

    def test_a_template_of_the_project(self):
        template = "#{each r in Octopus.Deployment.Changes}#{r.Version} by #{Team};#{/each}"

        assert changes_markdown(template, [ReleaseNote("1.2").document()], {"Team": "A"}) == (
            "1.2 by A;"
        )


class TestNotes:
    VARIABLES = note_variables(
        "2.0", "Default", [{"package_id": "acme.web", "version": "1.2.0"}], [BUILD]
    )

    def test_packages_with_their_commits(self):
        template = (
            "#{Octopus.Release.Number}: #{each p in Octopus.Release.Package}#{p.PackageId} #{p.Version}"
            "#{each c in p.Commits} #{c.CommitId}#{/each}#{/each}"
        )

        assert filled(template, self.VARIABLES) == "2.0: acme.web 1.2.0 abc"

    def test_builds_with_their_packages(self):
        template = (
            "#{each b in Octopus.Release.Builds}#{b.BuildNumber}:#{b.Packages[0].PackageId}#{/each}"
        )

        assert filled(template, self.VARIABLES) == "42:Acme.Web"

    def test_what_cannot_be_evaluated_stays_as_it_is_written(self):
        assert filled("#{A} #{Gone}", {"A": "#{A}"}) == "#{A} #{Gone}"

"""Output on its way into the log: whole lines, with the offsets they may be resumed from."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from deployments.core.masking import Masker
from deployments.core.service_messages import VariableBudget, format
from deployments.core.states import Category
from deployments.engine.pump import Pump
from deployments.engine.recording import Attempt, Batch, MemoryRecorder
from deployments.transports.base import Output, Stream

ATTEMPT = Attempt("s", "a", 1, 1, "token")


class Batches(MemoryRecorder):
    """Keeps batches as they were handed on."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []

    def write(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.lines += batch.lines
        self._outputs += batch.outputs


def pump(
    recorder: Batches, offsets: tuple[int, int] = (0, 0), masker: Masker | None = None
) -> Pump:
    owner = ("Web", (1, "shop"))
    return Pump(recorder, masker or Masker(), ATTEMPT, "1", owner, VariableBudget(), offsets)


async def pumped(
    *blocks: bytes, stream: Stream = Stream.STDOUT, masker: Masker | None = None
) -> Batches:
    recorder = Batches()
    taken = pump(recorder, masker=masker)
    for block in blocks:
        await taken.take(Output(stream, block))
    taken.finish()
    return recorder


async def test_a_line_waits_for_its_end_and_its_offset_with_it():
    recorder = Batches()
    taken = pump(recorder)

    await taken.take(Output(Stream.STDOUT, b"one\ntw"))

    assert recorder.texts == ["one"]
    assert recorder.batches[-1].offsets == (4, 0)
    assert taken.offsets == (6, 0)


@given(
    text=st.lists(st.sampled_from(["one\n", "zwölf\n", "\n", "##oct", "hunter2", "h", "\r", "e"])),
    cuts=st.lists(st.integers(0, 60)),
)
async def test_reading_on_from_any_offset_gives_exactly_the_rest(text, cuts):
    """R7: what is logged up to an offset and what is read from there make the whole log."""
    data = "".join(text).encode()
    whole = (await pumped(data, masker=Masker(["hunter2"]))).texts
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    recorder = Batches()
    first = pump(recorder, masker=Masker(["hunter2"]))

    for start, end in pairwise(edges):
        await first.take(Output(Stream.STDOUT, data[start:end]))
        offset = recorder.batches[-1].offsets[0] if recorder.batches else 0
        rest = await pumped(data[offset:], masker=Masker(["hunter2"]))
        assert recorder.texts + rest.texts == whole


async def test_both_streams_have_their_own_level():
    out = await pumped(b"fine\n")
    err = await pumped(b"careful\n", stream=Stream.STDERR)

    assert [line.category for line in out.lines + err.lines] == [Category.INFO, Category.ERROR]


async def test_messages_become_outputs_progress_artifacts_and_a_reason():
    recorder = Batches()
    taken = pump(recorder)
    messages = [
        format("setVariable", {"name": "Url", "value": "http://shop"}),
        format("progress", {"percentage": "40", "message": "copying"}),
        format("createArtifact", {"path": "out/report.txt", "name": "report.txt"}),
        format("resultMessage", {"message": "no disk"}),
        format("noSuchThing", {}),
    ]

    await taken.take(Output(Stream.STDOUT, "\n".join([*messages, ""]).encode()))
    told = taken.finish()

    assert [(o.name, o.value, o.machine) for o in recorder.outputs] == [
        ("Url", "http://shop", (1, "shop"))
    ]
    assert recorder.percentages == {"1": (40, "copying")}
    assert [artifact.path for artifact in told.artifacts] == ["out/report.txt"]
    assert told.failure == "no disk"
    assert recorder.texts == ["The service message noSuchThing is not known."]


async def test_a_sensitive_output_is_hidden_before_the_next_line():
    message = format("setVariable", {"name": "Key", "value": "hunter2", "sensitive": "True"})

    recorder = await pumped(f"{message}\nkey is hunter2\n".encode())

    assert recorder.texts == ["key is ********"]
    assert recorder.outputs[0].is_sensitive


async def test_an_oversized_variable_is_refused_and_said():
    message = format("setVariable", {"name": "Big", "value": "x" * 70_000})

    recorder = await pumped(f"{message}\n".encode())

    assert not recorder.outputs
    assert "the limit is 65,536" in recorder.texts[0]


async def test_a_line_without_end_is_cut_and_marked():
    recorder = await pumped(*[b"x" * 65_536] * 20, b"\nnext\n")

    assert len(recorder.texts[0]) < 66_000
    assert "line cut here" in recorder.texts[0]
    assert recorder.texts[1] == "next"


async def test_a_script_that_ends_the_rest_says_so():
    recorder = Batches()
    taken = pump(recorder)
    message = format(
        "setVariable", {"name": "Octopus.Action.SkipRemainingConventions", "value": "True"}
    )

    await taken.take(Output(Stream.STDOUT, f"{message}\n".encode()))

    assert taken.finish().skip_rest

"""Performs what a step asked for: its operations in order, on one machine.

Progress is journalled before each operation that must not be done twice, so a worker that takes over
goes on there. Operations in between may be repeated harmlessly.
"""

from dataclasses import replace

from deployments.core.approvals import PROCEED, Terms
from deployments.core.operations import (
    EXTENSIONS,
    AskPerson,
    ConfigureDotNet,
    CopyToFolder,
    ExtractPackage,
    FetchPackage,
    Operation,
    RecordInstall,
    ReplaceStructured,
    ReserveFolder,
    RunPackagedScript,
    RunScript,
    RunScriptFile,
    StopIfInstalled,
    SubstituteInFiles,
    SwitchLink,
    TransferPackage,
    Work,
)
from deployments.core.states import Category
from deployments.engine import configuration, installs
from deployments.engine.launches import inline, packaged, print_variables
from deployments.engine.recording import Question, Reply
from deployments.engine.scripts import run_script
from deployments.engine.site import MustWait, Site, StepFailed

ONCE = (RunScript, RunPackagedScript, RunScriptFile, AskPerson)


async def perform(site: Site, work: Work, first: int = 0) -> None:
    """Does the work from operation `first` on. Raises StepFailed, MustWait, LeaseLost.

    After a failure what the step wants done then is done; the first failure stays the reason.
    """
    if not first:
        print_variables(site)
    try:
        await _operations(site, work, first)
        if not site.facts.ends_early:
            for number, operation in enumerate(work.finish):
                await _one(site, operation, f"d{number}")
    except StepFailed:
        await _after_failure(site, work)
        _forget_scratch(site)
        raise
    _forget_scratch(site)


def _forget_scratch(site: Site) -> None:
    """Packages that only scripts of this action used."""
    for token in site.scratch:
        site.session.forget(token)
    site.scratch = []


async def _operations(site: Site, work: Work, first: int) -> None:
    journalled = first
    for number, operation in enumerate(work.operations):
        if number < first or _is_idle(site, operation):
            continue
        if site.facts.skip_rest or site.facts.ends_early:
            break
        if number > journalled and isinstance(operation, ONCE):
            await journal(site, number)
            journalled = number
        known = site.facts
        await _one(site, operation, str(number))
        is_reserved = isinstance(operation, ReserveFolder) and site.facts != known
        if is_reserved or isinstance(operation, ConfigureDotNet):
            await journal(site, number + 1)
            journalled = number + 1


async def journal(site: Site, operation: int) -> None:
    """So much is complete, for good; folders of ended scripts are not needed any more."""
    await site.recorder.advance(site.attempt, operation, site.facts)
    forget_ended_runs(site)


def forget_ended_runs(site: Site) -> None:
    """Call once the results of these scripts are journalled."""
    for token in site.ended_runs:
        site.session.forget(token)
    site.ended_runs = []


async def _after_failure(site: Site, work: Work) -> None:
    for number, operation in enumerate(work.on_failure):
        try:
            await _one(site, operation, f"f{number}")
        except StepFailed as exc:
            site.say(f"After the failure, this failed too: {exc}", Category.WARNING)


async def _one(site: Site, operation: Operation, key: str) -> None:
    match operation:
        case RunScript():
            await _run(site, operation, key)
        case RunPackagedScript():
            await _run_packaged(site, operation, key)
        case RunScriptFile():
            await _run_file(site, operation, key)
        case FetchPackage():
            await installs.fetch(site, operation, f"{site.attempt.token}-{key}")
        case StopIfInstalled(record):
            await installs.stop_if_installed(site, record)
        case ReserveFolder(path, record):
            await installs.reserve(site, path, record)
        case TransferPackage(package):
            await installs.transfer(site, package)
        case ExtractPackage(package):
            await installs.extract(site, package)
        case SubstituteInFiles():
            await configuration.substitute(site, operation)
        case ConfigureDotNet():
            await configuration.configure_dotnet(site, operation)
        case ReplaceStructured(patterns):
            await configuration.replace_structured(site, patterns)
        case CopyToFolder():
            await installs.copy(site, operation)
        case SwitchLink(path):
            await installs.switch_link(site, path)
        case RecordInstall(record, succeeded):
            await installs.record(site, record, succeeded=succeeded)
        case AskPerson():
            await _ask(site, operation)


def _is_idle(site: Site, operation: Operation) -> bool:
    """A packaged script that the package does not have."""
    return isinstance(operation, RunPackagedScript) and not _scripts_named(site, operation.name)


def _scripts_named(site: Site, name: str) -> list[str]:
    wanted = {f"{name.lower()}.{extension}" for extension in EXTENSIONS}
    return [script for script in site.facts.scripts if script.lower() in wanted]


async def _run(site: Site, operation: RunScript, key: str) -> None:
    if operation.title:
        site.say(f"Running the {operation.title}", Category.VERBOSE)
    folder = site.folder(operation.place)
    launch = inline(site, operation.body, operation.syntax, operation.parameters, folder)
    await run_script(site, key, launch)


async def _run_packaged(site: Site, operation: RunPackagedScript, key: str) -> None:
    for script in _scripts_named(site, operation.name):
        site.say(f"Running {script} of the package", Category.VERBOSE)
        path = site.path(operation.place, script)
        extension = script.rsplit(".", 1)[1].lower()
        launch = packaged(site, path, EXTENSIONS[extension], site.folder(operation.place))
        await run_script(site, f"{key}-{extension}", launch)


async def _run_file(site: Site, operation: RunScriptFile, key: str) -> None:
    base = "octopus.action.package" + (f"[{operation.reference}]" if operation.reference else "")
    folder = site.variables.raw(f"{base}.extractedpath")
    if not folder:
        raise StepFailed("The package was not extracted before it was used.", may_retry=False)
    name = operation.path.replace("\\", "/")
    site.say(f"Running {name} of the package", Category.VERBOSE)
    syntax = EXTENSIONS[name.rsplit(".", 1)[-1].lower()]
    launch = packaged(site, f"{folder}/{name}", syntax, folder, operation.parameters)
    await run_script(site, key, launch)


async def _ask(site: Site, operation: AskPerson) -> None:
    question = Question(
        site.attempt,
        site.node,
        site.masker.mask(operation.title),
        site.masker.mask(operation.instructions),
        operation.teams,
        terms=operation.terms,
    )
    reply = await _answer(site, question, keeps_turn=operation.keeps_turn)
    _tell_reply(site, reply)
    _judge(site, reply)
    if newer := await site.recorder.newer_release():
        again = _once_more(question, newer)
        _judge(site, await _answer(site, again, keeps_turn=operation.keeps_turn))


def _once_more(question: Question, newer: str) -> Question:
    """An approval may be older than what is there now: nobody goes back to an older release unawares
    (domain.md 18.1). Yet another release is another question."""
    return replace(
        question,
        title=f"{question.title}: {newer} was deployed meanwhile",
        instructions=f"The newer release {newer} went to the same place after this deployment had begun. "
        "To proceed takes that place back to the older release.",
        terms=Terms(four_eyes=question.terms.four_eyes),
        subject=newer,
    )


async def _answer(site: Site, question: Question, *, keeps_turn: bool) -> Reply:
    reply = await site.recorder.ask(question)
    if reply is None:
        site.say("Waiting for a person to decide.", Category.WAIT)
        raise MustWait(keeps_turn=keeps_turn)
    return reply


def _judge(site: Site, reply: Reply) -> None:
    who = reply.display_name or reply.username or "Nobody"
    notes = f": {reply.notes}" if reply.notes else "."
    if reply.result != PROCEED:
        raise StepFailed(f"{who} answered {reply.result}{notes}", may_retry=False)
    site.say(f"{who} answered {reply.result}.", Category.HIGHLIGHT)


def _tell_reply(site: Site, reply: Reply) -> None:
    """Outputs of a manual intervention. domain.md 18.1."""
    site.tell("Manual.Notes", reply.notes)
    site.tell("Manual.Approved", str(reply.result == PROCEED))
    site.tell("Manual.ResponsibleUser.Id", reply.user_id)
    site.tell("Manual.ResponsibleUser.Username", reply.username)
    site.tell("Manual.ResponsibleUser.DisplayName", reply.display_name)
    site.tell("Manual.ResponsibleUser.EmailAddress", reply.email)

"""`santorio study analyse|plan`: studies whose data was collected elsewhere; no account is needed."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from santorio.cli.console import JsonOption, console, print_json
from santorio.errors import ConfigError, output_errors
from santorio.rendering.text import with_unit

if TYPE_CHECKING:
    from santorio.stats.assurance import Noise
    from santorio.studies.design import Plan
    from santorio.studies.result import CaseAnswer, Comparison, OutcomeAnswer, StudyAnswer

app = typer.Typer(
    help="Studies whose data was collected elsewhere, described by a file.", no_args_is_help=True
)


@app.command()
def analyse(
    study: Annotated[Path, typer.Argument(help="The study file, STUDY.yaml; docs/studies.md describes it.")],
    *,
    report: Annotated[
        Path | None, typer.Option(help="Write a report to this file, one HTML page to read or to print.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Analyse a study: what the arms did to the outcomes, with the uncertainty that the data leaves."""
    # Imported here, as in `plan`: SciPy and the samplers would slow down every other command.
    from santorio.studies.analysis import analyse_study

    analysed = analyse_study(study)
    if report is not None:
        from santorio.studies.report import report_of

        with output_errors(report):
            report.write_text(report_of(analysed), encoding="utf-8")
    if as_json:
        print_json(analysed.answer.model_dump(mode="json"))
    else:
        print_answer(analysed.answer)
        if report is not None:
            console.print(f"\n{report}: open it in a browser.", highlight=False, soft_wrap=True)


def print_answer(answer: "StudyAnswer") -> None:
    """Print an answer: the sentence first, then the statistics, then the warnings."""
    console.print(f"[b]{escape(answer.title)}[/b]", highlight=False)
    console.print(escape(answer.question), highlight=False, soft_wrap=True)
    for outcome in answer.outcomes:
        for comparison in outcome.comparisons:
            console.print(f"\n{escape(comparison.answer)}", highlight=False)
    for outcome in answer.outcomes:
        console.print()
        console.print(_rows_table(answer, outcome))
        for comparison in outcome.comparisons:
            _print_comparison(comparison)
    console.print(f"\n{escape(answer.design.said)}", highlight=False)
    for outcome in answer.outcomes:
        console.print(
            f"{escape(outcome.label)}: {escape(outcome.summary)} {escape(_delta(outcome))}", highlight=False
        )
    for warning in answer.warnings:
        console.print(f"[yellow]![/yellow] {escape(warning.text)}", highlight=False)


def _delta(outcome: "OutcomeAnswer") -> str:
    source = "as stated"
    if outcome.smallest_effect_from != "stated":
        source = f"assumed: {outcome.smallest_effect_from}"
    amount = f"{outcome.smallest_effect:.3g} {outcome.unit}".strip()
    return f"The smallest effect that matters is {amount} ({source})."


def _rows_table(answer: "StudyAnswer", outcome: "OutcomeAnswer") -> Table:
    table = Table(title=escape(with_unit(outcome.label, outcome.unit)), title_justify="left")
    table.add_column("Arm")
    for heading in (f"{answer.data.row.capitalize()}s", "Missing", "Mean", "SD"):
        table.add_column(heading, justify="right")
    for arm in outcome.arms:
        table.add_row(escape(arm.arm), str(arm.rows), str(arm.missing), f"{arm.mean:.4g}", f"{arm.sd:.3g}")
    return table


def _print_comparison(comparison: "Comparison") -> None:
    """Print the statistics of a comparison, a line for each that the study has."""
    effect = comparison.effect
    lines = [
        (
            f"{comparison.arm} against {comparison.reference}: {effect.estimate:+.3g} "
            f"(95 % interval {effect.lower_95:.3g} to {effect.upper_95:.3g}); plain means differ by "
            f"{comparison.raw_difference:+.3g}; decision: {comparison.decision}."
        )
    ]
    if comparison.dose is not None:
        dose = comparison.dose
        lines.append(
            f"Per unit of dose {dose.per_unit:+.3g} ({dose.lower_95:.3g} to {dose.upper_95:.3g}), if linear."
        )
    if comparison.randomisation is not None:
        test = comparison.randomisation
        kind = "all" if test.complete else "drawn"
        lines.append(f"Randomisation test: p = {test.p:.2g}, from {test.schedules} schedules ({kind}).")
    # The effect of a single case is that of the comparison: it is not printed again.
    several_cases = len(comparison.cases) > 1
    lines += [_case_line(case, named=several_cases) for case in comparison.cases]
    if comparison.between is not None:
        between = comparison.between
        lines.append(
            f"Between cases effects differ by {between.sd:.3g} (SD, {between.lower_95:.3g} to {between.upper_95:.3g}); "
            f"in one more case the effect would go the same way with probability {between.probability_same_sign:.2f}."
        )
    for line in lines:
        console.print(escape(line), highlight=False)


def _case_line(case: "CaseAnswer", *, named: bool) -> str:
    line = ""
    if named:
        effect = case.effect
        line = f"{case.case}: {effect.estimate:+.3g} ({effect.lower_95:.3g} to {effect.upper_95:.3g}); "
    rho, lower, upper = case.autocorrelation
    line += f"correlation with the row before {rho:.2f} ({lower:.2f} to {upper:.2f})"
    if case.probability_repeats is not None:
        line += f"; repeats in another cycle with probability {case.probability_repeats:.2f}"
    if case.carry_over is not None:
        line += f"; carried over to the next row {100 * case.carry_over:.0f} %"
    return f"{line}."


@app.command()
def plan(  # noqa: PLR0913 - the options of a command
    *,
    smallest_effect: Annotated[
        float, typer.Option(help="The smallest effect that matters, in the outcome's unit.")
    ],
    effect: Annotated[
        float | None, typer.Option(help="The effect that is hoped for; twice the smallest if not stated.")
    ] = None,
    sd: Annotated[
        float | None, typer.Option(help="Standard deviation of the outcome from day to day.")
    ] = None,
    correlation: Annotated[
        float, typer.Option(help="Correlation of a day with the day before, from 0 to 1.")
    ] = 0.3,
    past: Annotated[
        Path | None, typer.Option(help="CSV of past values, to estimate the SD and the correlation.")
    ] = None,
    column: Annotated[str | None, typer.Option(help="The outcome's column in it.")] = None,
    day: Annotated[str, typer.Option(help="The column of days in it.")] = "day",
    arms: Annotated[str, typer.Option(help="Names of the arms, the reference first.")] = "without,with",
    max_days: Annotated[int, typer.Option(help="The longest that the study may take.")] = 84,
    periods: Annotated[
        str, typer.Option(help="Possible lengths of a period in days; 1 is by day.")
    ] = "1,2,3,5,7",
    power: Annotated[float, typer.Option(help="Required probability of finding the hoped-for effect.")] = 0.8,
    half_life: Annotated[
        float | None, typer.Option(help="Days after which half of an effect is left.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="For the schedule; drawn and recorded if not stated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the study to this folder, with a table to fill in.")
    ] = None,
    title: Annotated[str, typer.Option(help="What the study is called.")] = "My study",
    outcome: Annotated[str, typer.Option(help="What is measured.")] = "outcome",
    unit: Annotated[str, typer.Option(help="Its unit.")] = "",
    start: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Design a study: how many days, which schedule, and how probably it will answer."""
    import secrets

    from santorio.studies.design import DesignRequest, plan_study
    from santorio.studies.plan_files import write_plan

    noise, noise_from = _noise(sd, correlation, past, column, day)
    if effect is None:
        effect = 2 * smallest_effect
    if seed is None:
        seed = secrets.randbelow(2**31)
    design = plan_study(
        DesignRequest(
            arms=_parts(arms),
            noise=noise,
            noise_from=noise_from,
            smallest_effect=smallest_effect,
            effect=effect,
            most_days=max_days,
            periods=_integers(periods),
            power=power,
            half_life=half_life,
            seed=seed,
        )
    )
    written = []
    if out is not None:
        first = start.date() if start else None
        written = write_plan(design, out, title=title, outcome=outcome, unit=unit, start=first)
    if as_json:
        print_json(design.model_dump(mode="json"))
        return
    print_plan(design)
    for path in written:
        console.print(f"{path}", highlight=False, soft_wrap=True)


def _noise(
    sd: float | None, correlation: float, past: Path | None, column: str | None, day: str
) -> "tuple[Noise, str]":
    from santorio.stats.assurance import Noise
    from santorio.studies.historical_noise import noise_of_file

    if past is not None:
        if column is None:
            raise ConfigError("State --column, the outcome's column in the past values.")
        return noise_of_file(past, column, day)
    if sd is None:
        raise ConfigError("State --sd, how much the outcome varies, or --past with --column to find it out.")
    return Noise(sd, correlation), "stated"


def _parts(text: str) -> list[str]:
    """The items of a list that is separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _integers(text: str) -> list[int]:
    try:
        return [int(part) for part in _parts(text)]
    except ValueError as error:
        raise ConfigError("Lengths of a period are whole numbers of days, such as 1,3,7.") from error


def print_plan(design: "Plan") -> None:
    """Print a plan: what it needs, its power by the number of days and by the effect, and its schedule."""
    simulated = design.simulated
    console.print(f"[b]{escape(design.says)}[/b]", highlight=False)
    console.print(
        f"\nFrom {simulated.studies} simulated studies of this design: power {100 * simulated.power:.0f} %; "
        f"false alarms {100 * simulated.false_alarm:.0f} %. "
        f"SD {design.sd:.3g}, correlation from day to day {design.correlation:.2f} ({design.noise_from}).",
        highlight=False,
    )
    console.print(_table_by_days(design))
    console.print(_table_by_effect(design))
    console.print(f"Schedule, drawn with the seed {design.seed}:", highlight=False)
    console.print(escape(" ".join(design.schedule)), highlight=False)


def _table_by_days(design: "Plan") -> Table:
    """Power and width of the interval for about eight numbers of days, the planned one among them."""
    table = _number_table("By its number of days", "Days", "Power", "95 % interval ±")
    step = max(len(design.by_days) // 8, 1)
    shown = {row.days for row in design.by_days[::step]} | {design.days}
    for row in design.by_days:
        if row.days in shown:
            table.add_row(str(row.days), f"{100 * row.power:.0f} %", f"{row.interval:.3g}")
    return table


def _table_by_effect(design: "Plan") -> Table:
    """Probability of each decision, by the true effect."""
    title = f"What {design.days} days will say"
    table = _number_table(title, "True effect", "More", "No difference", "Less", "Keep going")
    for row in design.by_effect:
        probabilities = (row.more, row.no_difference, row.less, row.keep_going)
        cells = [f"{100 * probability:.0f} %" for probability in probabilities]
        table.add_row(f"{row.effect:.3g}", *cells)
    return table


def _number_table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table

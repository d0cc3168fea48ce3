"""`santorio study analyse|plan`: studies whose data was collected elsewhere; no account is needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from santorio.cli.console import JsonOption, console, print_json

if TYPE_CHECKING:
    from santorio.studies.answer import CaseAnswer, Comparison, OutcomeAnswer, StudyAnswer

app = typer.Typer(
    help="Studies whose data was collected elsewhere, described by a file.", no_args_is_help=True
)


@app.command()
def analyse(
    study: Annotated[Path, typer.Argument(help="The study file, STUDY.yaml; docs/studies.md describes it.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Analyse a study: what the arms did to the outcomes, with the uncertainty that the data leaves."""
    from santorio.studies.analysis import analyse_study

    analysed = analyse_study(study)
    if as_json:
        print_json(analysed.answer.model_dump(mode="json"))
    else:
        say_answer(analysed.answer)


def say_answer(answer: "StudyAnswer") -> None:
    """Print an answer: the sentence first, then the figures, then what to mind."""
    console.print(f"[b]{escape(answer.title)}[/b]", highlight=False)
    console.print(escape(answer.question), highlight=False, soft_wrap=True)
    for outcome in answer.outcomes:
        for comparison in outcome.comparisons:
            console.print(f"\n{escape(comparison.answer)}", highlight=False)
    for outcome in answer.outcomes:
        console.print()
        console.print(_rows_table(answer, outcome))
        for comparison in outcome.comparisons:
            _say_comparison(comparison)
    console.print(f"\n{escape(answer.design.said)}", highlight=False)
    for outcome in answer.outcomes:
        console.print(
            f"{escape(outcome.label)}: {escape(outcome.summary)} {escape(_delta(outcome))}", highlight=False
        )
    for warning in answer.warnings:
        console.print(f"[yellow]![/yellow] {escape(warning.text)}", highlight=False)


def _delta(outcome: "OutcomeAnswer") -> str:
    stated = outcome.smallest_effect_from == "stated"
    source = "as stated" if stated else f"assumed: {outcome.smallest_effect_from}"
    amount = f"{outcome.smallest_effect:.3g} {outcome.unit}".strip()
    return f"The smallest effect that matters is {amount} ({source})."


def _rows_table(answer: "StudyAnswer", outcome: "OutcomeAnswer") -> Table:
    unit = f" ({outcome.unit})" if outcome.unit else ""
    table = Table(title=f"{escape(outcome.label)}{escape(unit)}", title_justify="left")
    for heading in ("Arm", f"{answer.data.row.capitalize()}s", "Missing", "Mean", "SD"):
        table.add_column(heading, justify="left" if heading == "Arm" else "right")
    for arm in outcome.arms:
        table.add_row(escape(arm.arm), str(arm.rows), str(arm.missing), f"{arm.mean:.4g}", f"{arm.sd:.3g}")
    return table


def _say_comparison(comparison: "Comparison") -> None:
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
    lines += [_case_line(case, named=len(comparison.cases) > 1) for case in comparison.cases]
    if comparison.between is not None:
        between = comparison.between
        lines.append(
            f"Between cases effects differ by {between.sd:.3g} (SD, {between.lower_95:.3g} to {between.upper_95:.3g}); "
            f"in one more case the effect would go the same way with probability {between.probability_same_sign:.2f}."
        )
    for line in lines:
        console.print(escape(line), highlight=False)


def _case_line(case: "CaseAnswer", *, named: bool) -> str:
    said = (
        f"{case.case}: {case.effect.estimate:+.3g} ({case.effect.lower_95:.3g} to {case.effect.upper_95:.3g}); "
        if named
        else ""
    )
    rho, lower, upper = case.autocorrelation
    said += f"correlation with the row before {rho:.2f} ({lower:.2f} to {upper:.2f})"
    if case.probability_repeats is not None:
        said += f"; repeats in another cycle with probability {case.probability_repeats:.2f}"
    if case.carry_over is not None:
        said += f"; carried over to the next row {100 * case.carry_over:.0f} %"
    return f"{said}."

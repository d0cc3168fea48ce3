"""The safety screen: words that no intervention may contain, neither a built-in nor a person's own.

A screen by words does not replace a doctor: it recognises English words only, and does not know a person's conditions.
An intervention that passes may still be wrong for a person; docs/interventions.md says so.
"""

import re
from collections.abc import Iterator, Sequence

ASK = "Santorio proposes nothing of the kind: ask a doctor"


def _words(text: str) -> tuple[str, ...]:
    """The words of a list that is separated by commas."""
    return tuple(word.strip() for word in text.split(","))


_MEDICATION = _words(
    """
    medication, medications, medicine, medicines, drug, drugs, pill, pills, tablet, tablets, dose, doses,
    dosage, prescription, prescribed, insulin, metformin, statin, statins, antidepressant, antidepressants,
    ssri, ssris, benzodiazepine, benzodiazepines, lithium, antibiotic, antibiotics, steroid, steroids,
    cortisone, hormone, hormones, testosterone, oestrogen, estrogen, thyroxine, levothyroxine, ibuprofen,
    paracetamol, acetaminophen, aspirin, opioid, opioids, codeine, tramadol, melatonin, modafinil, ritalin,
    methylphenidate, adderall, amphetamine, semaglutide, ozempic, inhaler, contraceptive, antihistamine,
    antihistamines, sleeping pill, painkiller, painkillers, nicotine, cigarette, cigarettes, smoking, vaping,
    cannabis, marijuana, thc, cbd, psilocybin, lsd, microdose, microdosing, ketamine, cocaine, mdma, kratom,
    kava
    """
)
_FASTING = _words(
    """
    fast, fasts, fasting, fasted, starve, starving, skip breakfast, skipping breakfast, skip lunch, skip dinner,
    skip meals, skipping meals, skip a meal, no food, no breakfast, no lunch, no dinner, not eating,
    without eating, without food, eating window, time-restricted eating, omad, one meal a day, calorie deficit,
    calorie restriction, caloric restriction, ketogenic, keto, juice cleanse, detox, laxative, laxatives,
    water restriction, no water, dry fast
    """
)
_CONDITION = _words(
    """
    disease, disorder, syndrome, diagnosis, diagnosed, diabetes, diabetic, cancer, tumour, tumor, epilepsy,
    seizure, seizures, asthma, copd, hypertension, arrhythmia, fibrillation, heart failure, angina, stroke,
    depression, bipolar, schizophrenia, psychosis, anorexia, bulimia, adhd, autism, ptsd, insomnia, apnoea,
    apnea, narcolepsy, migraine, migraines, arthritis, crohn, colitis, hypothyroidism, hyperthyroidism,
    pregnancy, pregnant, breastfeeding, covid, infection, fever, dementia, parkinson, multiple sclerosis,
    fibromyalgia, eczema, psoriasis, gout, anaemia, anemia, cpap, therapy, treatment, symptom, symptoms,
    suicide, suicidal, self-harm
    """
)
_STRAIN = _words(
    """
    stay awake, staying awake, all-nighter, no sleep, sleep deprivation, sleep restriction, hold my breath,
    breath holding, breath-holding, hyperventilation, hyperventilate, ice bath, ice baths, cold plunge,
    ice water, bloodletting, purge, vomit
    """
)
_LIMITED = _words(
    """
    alcohol, wine, beer, beers, spirits, whisky, whiskey, vodka, cocktail, cocktails, liquor, caffeine, coffee,
    espresso, energy drink, energy drinks, guarana
    """
)
# A limited substance may be named only with a word that reduces it, and without one that increases it.
_LESS = ("no", "without", "less", "half", "fewer", "leave out", "leaving out", "halving", "cut")
_MORE = ("twice", "double", "doubling", "triple", "extra", "another", "additional", "more")
_MORE_LOAD = (
    (
        r"\b(more|extra|harder|longer|heavier|double|intense|maximal)\s+(\w+\s+){0,2}"
        r"(training|workouts?|intervals?|exercise|running|run|lifting|sprints?|cardio)\b"
    ),
    r"\b(train|exercise|run|lift|cycle|sprint)\w*\s+(\w+\s+){0,2}(more|harder|longer|twice|to exhaustion|to failure)\b",
    r"\b(hiit|intervals|sprints|hard run)\b",
)

_SCREENS = (
    (_MEDICATION, "medication or another substance"),
    (_FASTING, "fasting or leaving out meals"),
    (_CONDITION, "a disease or its treatment"),
    (_STRAIN, "something that strains the body"),
)


def objections(about: Sequence[str], arms: Sequence[str]) -> list[str]:
    """Why an intervention is refused, a sentence each; empty where nothing is found.

    Parameters
    ----------
    about : Sequence[str]
        Its name and what it changes.
    arms : Sequence[str]
        Its arms, the reference first. `Intervention.not_for` is not screened: it may and should name diseases.
    """
    return list(_objections(about, arms))


def _objections(about: Sequence[str], arms: Sequence[str]) -> Iterator[str]:
    # The dots keep a phrase from being found across two texts.
    full_text = " . ".join((*about, *arms)).casefold()
    for words, kind in _SCREENS:
        if word := _first(words, full_text):
            yield f"“{word}” suggests {kind}. {ASK}"
    # The reference arm is a day as usual, on which a person may drink what they usually drink.
    for text in (*about[1:], *arms[1:]):
        if word := _increased(text.casefold()):
            yield (
                f"“{word}” may only be reduced: write no, without or less of it. An intervention with more of it is "
                f"refused. {ASK}"
            )
    if any(re.search(pattern, full_text) for pattern in _MORE_LOAD):
        yield f"it asks for more training than usual. An intervention may only make training easier. {ASK}"


def _increased(text: str) -> str | None:
    """A limited substance that the text does not clearly reduce."""
    word = _first(_LIMITED, text)
    is_reduced = _first(_LESS, text) and not _first(_MORE, text)
    return None if is_reduced else word


def _first(words: Sequence[str], text: str) -> str | None:
    """The first of the words that the text contains as a whole word."""
    for word in words:
        # A hyphen joins words: “self-harm” does not contain “harm”.
        if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text):
            return word
    return None

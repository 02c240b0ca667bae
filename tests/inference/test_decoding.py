"""Scores and thresholds: more evidence never lowers a score, and sure triples are among all triples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mere.errors import InputError
from mere.inference.decoding import Calibration, Candidate, Curve, Decoding, Evidence, Precise, Thresholds
from mere.schema import Span, Triple

TEXT = "Ada and Bob were born in London."
ADA, BOB, PLACE = Span.of(TEXT, 0, 3), Span.of(TEXT, 8, 11), Span.of(TEXT, 25, 31)
BIRTH = Triple(ADA, "born-in", PLACE)

_logits = st.floats(-30, 30)
_gains = st.floats(0, 3)
_curves = st.builds(Curve, _logits, _gains)
_calibrations = st.builds(
    Calibration, _curves, _curves, _gains, st.dictionaries(st.sampled_from(["de", "en"]), st.floats(-2, 2))
)
_evidence = st.builds(Evidence, st.sampled_from(["de", "en", "other"]), _logits, _logits, st.booleans())
_shares = st.floats(0, 1)
_own = st.dictionaries(st.sampled_from(["born-in"]), _shares)
_decodings = st.builds(
    Decoding,
    _calibrations,
    st.builds(Thresholds, _shares, _own),
    _shares,
    st.builds(Precise, _shares, _own, precision=_shares),
)


def _judge(margin: float, logit: float, *, best: bool = True, triple: Triple = BIRTH) -> Candidate:
    return Calibration().judge(triple, Evidence("en", margin, logit, best))


@given(_calibrations, _evidence, st.floats(0, 10), st.floats(0, 10))
def test_more_evidence_never_lowers_a_score(
    calibration: Calibration, said: Evidence, margin: float, logit: float
) -> None:
    before = calibration.judge(BIRTH, said)
    after = calibration.judge(BIRTH, Evidence(said.language, said.margin + margin, said.logit + logit, said.best))
    best = calibration.judge(BIRTH, Evidence(said.language, said.margin, said.logit, best=True))
    assert 0 <= before.triple.score <= after.triple.score <= 1
    assert before.triple.score <= best.triple.score
    assert before.worth <= after.worth


@given(_decodings, st.lists(_evidence, max_size=6))
def test_sure_triples_are_among_all_and_none_is_left_unlooked_at(decoding: Decoding, said: list[Evidence]) -> None:
    judged = [decoding.calibration.judge(BIRTH, one) for one in said]
    everything = decoding.choose(judged)
    assert set(decoding.choose(judged, precise=True)) <= set(everything)
    margins = np.array([[one.margin] for one in said], np.float32).reshape(-1, 1)
    seen = decoding.possible(margins, ["born-in"])[:, 0]
    least = decoding.thresholds.of("born-in")
    for one, looked_at in zip(judged, seen, strict=True):
        assert looked_at or one.worth < least or one.worth == pytest.approx(least, abs=1e-5)


def test_a_languages_shift_is_for_its_pairs_alone() -> None:
    calibration = Calibration(languages={"de": 1.0})
    german, english = (calibration.judge(BIRTH, Evidence(language, 1.0, 0.5, best=True)) for language in ("de", "en"))
    assert german.triple.score > english.triple.score
    assert german.stated == english.stated


def test_a_relation_that_is_stated_brings_its_best_pair_and_others_must_be_likely_themselves() -> None:
    unsure, other = _judge(2.0, -4.0), _judge(2.0, -0.9, best=False, triple=Triple(BOB, "born-in", PLACE))
    assert unsure.triple.score < other.triple.score
    decoding = Decoding(thresholds=Thresholds(0.4))
    assert [triple.head.text for triple in decoding.choose([unsure, other])] == ["Ada"]
    assert [triple.head.text for triple in Decoding().choose([unsure, other])] == ["Bob", "Ada"]
    assert [triple.head.text for triple in Decoding(floor=0.1).choose([unsure, other])] == ["Bob"]


def test_a_relations_own_threshold_comes_before_the_shared_one() -> None:
    job = Triple(ADA, "has-job", PLACE)
    judged = [_judge(1.0, 1.0), _judge(1.0, 1.0, triple=job)]
    assert len(Decoding().choose(judged)) == 2
    strict = Decoding(thresholds=Thresholds(0.25, {"has-job": 0.9}))
    assert [triple.relation for triple in strict.choose(judged)] == ["born-in"]
    assert strict.possible(np.ones((1, 2), np.float32), ["born-in", "has-job"]).tolist() == [[True, False]]
    sure = Decoding(precise=Precise(0.2, {"born-in": 0.9}, precision=0.9))
    assert [triple.relation for triple in sure.choose(judged, precise=True)] == ["has-job"]
    assert len(sure.choose(judged)) == 2


def test_asking_for_precise_thresholds_that_are_not_there_names_the_mend() -> None:
    with pytest.raises(InputError, match="mere calibrate"):
        Decoding().choose([], precise=True)

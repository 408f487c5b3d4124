"""Random message texts: plain words, mostly one line, sometimes a paragraph. Pure."""

from random import Random

TEXT = (
    "the of and to in is that it for on with as at this we be are by an will can if not or from "
    "have they which one all there when who would about up out so time been into now some could "
    "them see other than then two may first any my only over new also after back work well room "
    "today tomorrow meeting question answer code garden lunch bus letter number table window"
)
WORDS = TEXT.split()
# Half of the messages have at most eight words: most chat messages are shorter than a line.
MEDIAN_WORDS = 8
# Standard deviation of the length's logarithm: one message in a hundred has about fifty words.
SPREAD = 0.8
MAX_WORDS = 200


def sentence(random: Random) -> str:
    count = min(MAX_WORDS, max(1, round(random.lognormvariate(0, SPREAD) * MEDIAN_WORDS)))
    return " ".join(random.choices(WORDS, k=count))

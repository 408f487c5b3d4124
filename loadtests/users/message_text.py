"""Something to say: plain words, mostly a line, now and then a paragraph. Pure but for the die."""

import random

TEXT = (
    "the of and to in is that it for on with as at this we be are by an will can if not or from "
    "have they which one all there when who would about up out so time been into now some could "
    "them see other than then two may first any my only over new also after back work well room "
    "today tomorrow meeting question answer code garden lunch bus letter number table window"
)
WORDS = TEXT.split()
# A median of eight words: most of what people write in a chat is shorter than a line.
MEDIAN_WORDS = 8
SPREAD = 0.8  # of the logarithm: one in a hundred has about fifty
MOST_WORDS = 200


def sentence() -> str:
    count = min(MOST_WORDS, max(1, round(random.lognormvariate(0, SPREAD) * MEDIAN_WORDS)))
    return " ".join(random.choices(WORDS, k=count))

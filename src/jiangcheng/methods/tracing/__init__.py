"""Where pollution comes from: wind-conditioned statistics, dispersion, receptor models, inversion, rivers.

Directions are degrees clockwise from north; a wind direction is the one the wind comes *from*. Units are SI
unless a name says otherwise. Nothing here names a culprit from one method alone: results carry their counts,
their intervals, or the probability of "unknown".
"""

"""The trial of tracing: incidents whose truth is known, found and traced with nothing but what a city would see.

What happens (`puffs`, `stream`, `sky`) is computed by models that no method of tracing uses: puffs that meander and
grow as Taylor's, a river of particles with dead zones, pixels on a swath. Inverting the model that made the data
would prove nothing. `gas`, `water` and `fires` draw incidents, look with the rules of the rooms and trace with
`jiangcheng.methods.tracing`; `scores` counts and `tables` prints.

The sensors, heights, quantities and habits that the demo city does not have are the trial's own, and made up.
"""

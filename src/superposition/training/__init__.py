"""Training ensembles of toy models with Lightning, many optimiser steps to a call."""

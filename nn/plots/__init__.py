"""Plots of networks and data sets: figures drawn by matplotlib, and sheets of many images."""

# The kinds of figures, each a method of nn.plots.network_plots.NetworkPlots.  They are listed here
# because that module imports matplotlib, which is not installed where the app is served.
KINDS = (
    *("history", "confusion", "mistakes", "weights", "histograms"),
    *("activations", "rates", "samples"),
)


class PlotError(Exception):
    """The plot cannot be drawn of this network, or on this machine."""

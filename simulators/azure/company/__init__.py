"""What the demonstration company runs on Azure, in the ARM formats of the published REST specifications."""

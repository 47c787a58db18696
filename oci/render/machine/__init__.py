"""What a machine reads: at boot, in the installer, once installed."""

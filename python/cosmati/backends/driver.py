"""Drivers, at Triton's place."""

from cosmati.runtime.driver import DeviceUtils as DeviceUtils
from cosmati.runtime.driver import Driver as Driver
from cosmati.runtime.driver import DriverBase as DriverBase

GPUDriver = Driver

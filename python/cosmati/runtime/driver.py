"""``cosmati.runtime.driver``: the active driver, made when it is first asked for."""

from __future__ import annotations

from typing import Any


class DriverConfig:
    """The driver that libraries ask about the device."""

    def __init__(self) -> None:
        self._default: Any = None
        self._active: Any = None

    @property
    def default(self) -> Any:
        """cosmati.backends.driver.Driver: the device that kernels run on."""
        if self._default is None:
            from cosmati.backends.driver import Driver

            self._default = Driver()
        return self._default

    @property
    def active(self) -> Any:
        return self.default if self._active is None else self._active

    def set_active(self, driver: Any) -> None:
        """Answers what libraries ask with ``driver``. Launches go where ``set_device`` says."""
        self._active = driver

    def reset_active(self) -> None:
        self._active = None


driver = DriverConfig()

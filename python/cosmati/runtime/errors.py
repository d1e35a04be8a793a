"""Errors of launches and tuning, at Triton's place."""

from cosmati.errors import AutotunerError as AutotunerError
from cosmati.errors import CosmatiError as CosmatiError
from cosmati.errors import InterpreterError as InterpreterError
from cosmati.errors import OutOfResources as OutOfResources
from cosmati.errors import PTXASError as PTXASError
from cosmati.errors import TritonError as TritonError

"""iCasework (Civica): token, signed calls, report bodies."""

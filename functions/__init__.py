"""The functions, one file each: a trigger, its bindings and one call into `shared`."""

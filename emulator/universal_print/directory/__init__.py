"""What the emulator knows of the directory beside its people: published ids, licences, app registrations."""

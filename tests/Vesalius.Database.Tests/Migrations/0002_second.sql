update migrated set text = 'second';

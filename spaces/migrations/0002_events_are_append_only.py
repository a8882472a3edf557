"""A trigger refuses to change or delete events. Deleting a whole space is the one exception; it says so
for its own transaction by `octoplat.deleting_space` (spaces.services.spaces)."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION spaces_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
       AND current_setting('octoplat.deleting_space', true) = OLD.space_id::text THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'Events are append-only.';
END $$;
CREATE TRIGGER spaces_event_append_only BEFORE UPDATE OR DELETE ON spaces_event
    FOR EACH ROW EXECUTE FUNCTION spaces_event_is_append_only();
"""
BACKWARD = """
DROP TRIGGER spaces_event_append_only ON spaces_event;
DROP FUNCTION spaces_event_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("spaces", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

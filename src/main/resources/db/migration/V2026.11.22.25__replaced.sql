-- since when another meter is in its place: what was read before that, and comes later, is the former one's
alter table meter_state add column replaced_at timestamptz;

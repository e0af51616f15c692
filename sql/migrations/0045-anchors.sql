-- Each seal's hash also goes to where whoever has the database cannot reach it.

alter table sat_mark add anchored bigint;
comment on column sat_mark.anchored is
    'the last seal that is in the file of [sat] anchors; null: none yet';

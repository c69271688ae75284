-- Room: supply. Rules that hold for the shops of a group which have none of their own.
create table group_rule (
    site_id     int  not null references site,
    shop_group  text not null,
    kind        text not null check (kind in ('POWER_LIMIT', 'FORBIDDEN_LOAD', 'SCHEDULE')),
    rule        jsonb not null,
    primary key (site_id, shop_group, kind)
);

-- For each shop the rules of the group that it is in on the site's day of that moment.
create function group_rule_at(at timestamptz) returns table (shop_id int, kind text, rule jsonb, shop_group text) language sql stable as $$
    select s.id, g.kind, g.rule, g.shop_group
    from group_rule g join site t on t.id = g.site_id join shop s on s.site_id = g.site_id
    join shop_group_member m on m.shop_id = s.id and m.shop_group = g.shop_group
         and daterange(m.valid_from, m.valid_to) @> (at at time zone t.zone)::date
$$;

-- The rules that hold for shops at a moment: the shop's own (shop_group is null), else its group's.
create function shop_rule_at(at timestamptz) returns table (shop_id int, kind text, rule jsonb, shop_group text) language sql stable as $$
    select r.shop_id, r.kind, r.rule, null::text from shop_rule r
    union all
    select g.shop_id, g.kind, g.rule, g.shop_group from group_rule_at(at) g
    where not exists (select from shop_rule r where r.shop_id = g.shop_id and r.kind = g.kind)
$$;

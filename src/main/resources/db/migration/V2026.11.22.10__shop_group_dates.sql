-- Room: billing. Which group a shop was in, day by day: the group's tariffs hold on the days on which the shop is in it. Without
-- a group in between there is a row too; the shop's first row holds for all days before it.
create table shop_group_member (
    shop_id     int  not null references shop,
    valid_from  date not null,
    valid_to    date check (valid_to > valid_from),
    shop_group  text,
    primary key (shop_id, valid_from),
    constraint shop_group_member_once exclude using gist (shop_id with =, daterange(valid_from, valid_to) with &&)
);
create trigger touch_billing after insert or update or delete on shop_group_member
    for each statement execute function touch_billing_revision();

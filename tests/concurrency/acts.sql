-- What sessions do at random, after tests/isolation/homes.sql: each act_...() is
-- one transaction as the program has it, with things chosen by chance among few,
-- so that they meet. Times are short, so that all that time does happens.

create function soon() returns interval language sql immutable
    return interval '2 seconds';
create function at_present() returns timestamptz language sql volatile
    return clock_timestamp();
create function chance(p_n integer) returns integer language sql volatile
    return 1 + floor(random() * p_n)::integer;
create function some_ppmids(p_most integer) returns macaddr8[]
    language sql volatile as $$
    select array_agg(ppmid(n)) from (select n from generate_series(1, 24) n
        order by random() limit chance(p_most)) x
$$;

insert into account (name, role, password, created)
select 'anna' || n, 'administrator'::account_role, 'hash', t() from generate_series(1, 2) n
union all
select 'dora' || n, 'service_desk', 'hash', t() from generate_series(1, 3) n;
insert into volume_threshold (user_id, service_reference_variant,
    period_seconds, warning, quarantine)
values (supplier(1), '11.4', 2, 20, 40), (supplier(2), '11.4', 2, 20, 40),
    (all_users(), '11.4', 2, 60, 80);
create sequence request_counter;
create table leased (kind text, number bigint, lease bigint);

-- ---- requests ----

create function act_accept() returns void language plpgsql as $$
declare
    n constant integer := chance(2);
    ids macaddr8[] := '{}';
    firsts bigint[] := '{}';
    now timestamptz := at_present();
begin
    for i in 1 .. n loop
        firsts := firsts || (1 + cardinality(ids))::bigint;
        ids := ids || some_ppmids(5);
    end loop;
    perform from take_updates(null,
        array(select supplier(chance(3)) from generate_series(1, n)),
        array_fill('90:b3:d5:1f:30:00:00:02'::macaddr8, array[n]),
        array(select nextval('request_counter')::numeric
            from generate_series(1, n)),
        array_fill(1, array[n]), array_fill('serviceD'::text, array[n]),
        array_fill('11.4'::text, array[n]), array_fill(8, array[n]),
        array_fill(sha256('x'), array[n]), array_fill(now, array[n]),
        array_fill('\x00000002'::bytea, array[n]),
        array_fill(sha256('\x02'), array[n]),
        array_fill(sha256('image'), array[n]),
        array_fill('accepted'::text, array[n]),
        array_fill('I99'::text, array[n]),
        array_fill('answer'::bytea, array[n]), array_fill(5, array[n]),
        firsts, ids, '{}', '{}', true, array['North'::csp_region],
        array['north'], soon());
    perform store_image(i, sha256('m'), 'x') from (
        select sha256(chance(6)::text::bytea) as i from generate_series(1, 2)
        order by 1) x;
end $$;

-- Few numbers, of either stage.
create function act_use_request_id() returns void language sql as $$
    select take_request_ids(array[supplier(1)], array[supplier(9)],
        array[500000 + chance(50)]::numeric[], array[s], array['serviceD'],
        array[case s when 1 then '11.2' else '11.3' end], array[4],
        array[sha256('x')], array[at_present()], array[''::bytea],
        array[''::bytea], array[''::bytea], array[''], array[''],
        array[''::bytea], array[0])
    from chance(2) s
$$;

create function act_count_volume() returns void language plpgsql as $$
declare
    v record;
    who constant macaddr8 := supplier(chance(2));
    number bigint;
begin
    select * into v from count_volume(who, nextval('request_counter'), 1::smallint,
        sha256('x'), '11.4', chance(10), true, 5, at_present());
end $$;

create function act_hold() returns void language plpgsql as $$
declare
    number bigint;
begin
    insert into service_request (originator, target, counter, stage, used,
        service, service_reference_variant, command_variant, content, received)
    values (supplier(chance(2)), supplier(9), nextval('request_counter'), 1,
        true, 'serviceD', '11.4', 8, sha256('x'), at_present())
    returning request_no into number;
    if hold_request(number, 'user', 1, 10, 5, 60, 'x', 5, at_present())
            is null then
        raise sqlstate 'RB000';
    end if;
end $$;

create function act_decide() returns void language sql as $$
    select decide_hold(hold_no, random() < 0.5, 'dora', 'why', at_present())
    from (select hold_no from held_request where state = 'held'
        order by random() limit 1) x
$$;
create function act_review_holds() returns void language sql as
    'select from review_holds(soon(), at_present())';
create function act_go_on() returns void language sql as $$
    select end_release(hold_no, request_no, 'accepted', 'I99', 'x',
        '{1,1,0,0,0,0,0}', at_present()) from take_released(at_present())
$$;

-- ---- steering ----

create function some_order(p_verb text) returns void language sql as $$
    select steer(p_verb, case scope when 1 then (select request_no
            from distribution order by random() limit 1) end,
        case scope when 2 then supplier(chance(2)) end, null,
        case scope when 3 then 'north' end, null, null, null, null,
        case scope when 4 then some_ppmids(4) end, scope = 2, 'dora', 'why',
        case p_verb when 'hold' then at_present() + soon() end,
        random() < 0.3, array['north'], at_present(), soon())
    from (select chance(4) as scope) x
    where scope <> 1 or exists (select from distribution)
$$;
create function act_steer_hold() returns void language sql as
    $$select some_order('hold')$$;
create function act_steer_release() returns void language sql as
    $$select some_order('release')$$;
create function act_steer_stop() returns void language sql as
    $$select some_order('stop')$$;
create function act_reset_many() returns void language sql as
    $$select some_order('reset')$$;
create function act_decide_order() returns void language sql as $$
    select decide_order(order_no, null, random() < 0.5, 'anna', 'why',
        array['north'], at_present(), soon())
    from (select order_no from steering where state = 'asked'
        order by random() limit 1) x
$$;
create function act_end_due_orders() returns void language sql as
    'select end_due_orders(at_present())';
create function act_free_hub_blocks() returns void language sql as
    $$select free_hub_blocks('north', at_present())$$;
create function act_cells_waiting() returns void language sql as
    $$select cells_waiting('north', 64, 100, 1)$$;
create function act_stop_again() returns void language sql as
    'select stop_again(at_present(), soon())';
create function act_settle_steering() returns void language sql as
    'select settle_steering(clock_timestamp())';
create function act_plan() returns void language sql as $$
    select set_request_plan(request_no, (array['', 'first 1', 'first 2, next 3',
        'first 50%, failures 1% of 2, outcomes 10%'])[chance(4)], 'dora',
        'why', at_present())
    from (select request_no from distribution where unassigned > 0
        order by random() limit 1) x
$$;
create function act_advance_plans() returns void language sql as
    'select advance_plans(at_present())';

-- ---- jobs ----

create function act_lease_jobs() returns void language plpgsql as $$
declare
    now constant timestamptz := at_present();
begin
    insert into leased select 'job', job_no, lease_number
    from due_jobs('north', now, now + soon(), 6, 4) where job_no is not null;
end $$;
-- of what waits some goes together
create function act_decide_jobs() returns void language plpgsql as $$
declare
    now constant timestamptz := at_present();
    counts constant boolean := random() < 0.5;
begin
    perform from csp_pace_of('north', counts, now);
    perform dispatch_decided('north', now, now, now, null, '{}', '{}', '',
        null, coalesce(array_agg(1), '{}'), coalesce(array_agg(request_no),
        '{}'), coalesce(array_agg(device_type), '{}'), coalesce(array_agg(
        least(ready, 3)), '{}'), counts, now, now + 2 * soon())
    from (select * from groups_waiting('north', 3, 6)
        where pool_no = 0 limit 3) g;
end $$;
create function act_csp_answers() returns void language plpgsql as $$
begin
    perform from csp_pace_of('north', false, at_present());
    perform csp_pace_answered('north', 1, 1000000, at_present(),
        random() < 0.5, at_present());
end $$;
create function act_give_up_waiting() returns void language sql as $$
    select give_up_waiting('north', soon(), 3, at_present(), soon())
$$;
create function some_leased(p_kind text) returns table (number bigint,
    lease bigint) language sql volatile as $$
    with mine as (delete from leased where ctid = any (array(select ctid
        from leased where kind = p_kind order by random() limit 3
        for update skip locked)) returning *)
    select number, lease from mine order by random()
$$;
create function act_hand_over() returns void language sql as $$
    select jobs_handed_over(array_agg(number), array_agg(lease), at_present())
    from some_leased('job')
$$;
create function act_job_again() returns void language sql as $$
    select job_again(number, lease, at_present(), 'busy', random() < 0.5)
    from some_leased('job') limit 1
$$;
create function act_job_fails() returns void language sql as $$
    select job_failed(number, lease, 'csp_refused', 'IMAGE_INVALID', '400',
        true, at_present(), soon()) from some_leased('job') limit 1
$$;
create function act_recall() returns void language plpgsql as $$
begin
    perform recall_jobs(array(select job_no from csp_job
            where job_no = any (array(select job_no from csp_job
                where state = 'handed_over' and job_no > (
                    select max(job_no) - 40 from csp_job)
                order by random() limit chance(3)))
            order by job_no for update),
        array['north'], 'stopped_by_dcc', at_present());
    insert into leased select 'recall', recall_no, lease_number
    from recall_leases('north', at_present(), at_present() + soon(), 4);
end $$;
create function act_recall_answered() returns void language sql as $$
    select recall_answered(number, lease, state::recall_state,
        case state when 'recalled' then array(select ppmid(n)
            from generate_series(1, 24) n where random() < 0.5) end,
        'x', at_present(), soon())
    from some_leased('recall'), (select (array['absent', 'too_late',
        'recalled', 'given_up'])[chance(4)] as state) s limit 1
$$;
create function act_silence() returns void language sql as
    'select from silence_jobs(soon(), 3, at_present())';
create function act_report() returns void language plpgsql as $$
declare
    ids uuid[] := array(select job_id from csp_job
        where state = 'handed_over' and job_no > (select max(job_no) - 40
            from csp_job) order by random() limit chance(3));
begin
    perform take_validation_reports(array_fill('north'::text,
            array[cardinality(ids)]),
        array(select 'r' || random() from unnest(ids)), ids,
        array(select 1 from generate_series(1, 3)),
        array(select ppmid(chance(24)) from generate_series(1, 3)),
        array_fill('OTHER'::text, array[3]), at_present(), soon())
    where cardinality(ids) > 0;
end $$;
create function act_notify() returns void language plpgsql as $$
declare
    n integer;
    o record;
begin
    select array_agg(j.job_id) as jobs, array_agg(t.device_id) as devices,
        array_agg(t.chf_id) as hubs into o from (
        select * from tracking where job_no is not null
            and (released is null or released > at_present() - 2 * soon())
        order by random() limit 6) t
    join csp_job j using (job_no);
    n := coalesce(cardinality(o.jobs), 0);
    perform take_delivery_notifications(array_fill('north'::text, array[n]),
        array(select 'n' || random() from generate_series(1, n)), o.jobs,
        o.hubs, o.devices, array_fill('PPMID'::text, array[n]),
        array_fill('00000002'::text, array[n]),
        array(select (array['Success', 'Failed'])[chance(2)]
            from generate_series(1, n)), array_fill(''::text, array[n]),
        array_fill(at_present(), array[n]), at_present(), soon())
    where n > 0;
end $$;

-- ---- messages of devices ----

-- code: its kind, for act_hear().
create function act_bring() returns void language sql as $$
    with m as (
        select chance(4) as kind, chance(24) as d, random()::text as id,
            chance(200) as counter, r.request_no
        from generate_series(1, 6)
        cross join lateral (select 1 as request_no) r)
    select from take_gbcs_messages(
        (select array_agg('north'::text) from m),
        (select array_agg('North'::text) from m),
        (select array_agg(id) from m), (select array_agg(hub(d)) from m),
        (select array_agg(case kind when 1 then hub(d) else ppmid(d) end)
            from m),
        (select array_agg(supplier(case kind when 4 then 1 else 9 end))
            from m),
        (select array_agg(case kind when 4 then 2 else 3 end) from m),
        (select array_agg(kind) from m),
        (select array_agg(case kind when 4 then coalesce((select counter
                from device_command where device_id = ppmid(d)
                    and state in ('sent', 'waiting') limit 1), 0)
            else counter::numeric end) from m),
        (select array_agg('x'::bytea) from m), at_present())
$$;
create function act_hear() returns void language plpgsql as $$
declare
    m record;
    n integer;
begin
    select array_agg(message_id) as ids, array_agg(case code when 1
            then 'transfer' when 2 then 'ppmid' when 3 then 'outcome'
            else 'response' end) as kinds,
        array_agg(case code when 1 then 'han_delivered' when 2
            then 'device_activated' else '' end) as events,
        array_agg(case code when 1 then case when chf_id = originator
            then id(11, ('x0' || right(chf_id::text, 2))::bit(12)::integer)
            end else originator end) as devices,
        array_agg((code = 4)::integer) as results,
        array_agg((1 + counter % 3)::bigint) as versions,
        array_agg(coalesce((select c.counter from device_command c
            where c.device_id = g.originator limit 1), 0)) as commands
    into m from (select * from gbcs_message where state = 'waiting'
        order by received limit chance(12) for update skip locked) g;
    n := coalesce(cardinality(m.ids), 0);
    perform take_device_messages(array_fill('north'::text, array[n]), m.ids,
        array_fill('good'::text, array[n]), array_fill(''::text, array[n]),
        m.kinds, m.events, m.devices, array_fill(1, array[n]), m.results,
        m.versions, array_fill(at_present(), array[n]), m.commands,
        array_fill(ppmid(0), array[n]), array_fill(0::numeric, array[n]),
        array['North'::csp_region], array['north'], at_present(), soon())
    where n > 0;
end $$;
create function act_put_back() returns void language sql as $$
    select put_back_message(csp, message_id, 'poison', at_present())
    from (select csp, message_id from gbcs_message where state = 'waiting'
        order by received limit 1) x
$$;
create function act_retry_messages() returns void language sql as
    'select retry_messages(some_ppmids(5))';

-- ---- commands ----

create function act_command() returns void language plpgsql as $$
declare
    number bigint;
    counter numeric := nextval('request_counter');
    d constant integer := chance(24);
begin
    insert into service_request (originator, target, counter, stage, used,
        service, service_reference_variant, command_variant, content, received)
    values (supplier(1), ppmid(d), counter, 1, true, 'serviceD', '11.3', 4,
        sha256('x'), at_present()) returning request_no into number;
    perform store_command(number, ppmid(d), 'PPMID', hub(d), 'north',
        supplier(1), counter, 18, true, null, random() < 0.5, 'x',
        at_present());
end $$;
create function act_lease_commands() returns void language sql as $$
    insert into leased select 'command', command_no, lease_number
    from at_present() as now, lateral command_leases('north',
        array['North'::csp_region], array['north'], now, now + soon(),
        now - 5 * soon(), 5)
$$;
create function act_commands_sent() returns void language sql as $$
    select commands_sent(array_agg(number), array_agg(lease),
        at_present() + soon(), at_present()) from some_leased('command')
$$;
create function act_commands_again() returns void language sql as $$
    select commands_again(array_agg(number), array_agg(lease),
        array_agg(at_present()), array_agg('busy'::text), array_agg(1))
    from some_leased('command')
$$;
create function act_commands_fail() returns void language sql as $$
    select commands_given_up(array_agg(number), array_agg(lease),
        array_agg('400'::text), at_present()) from some_leased('command')
$$;
create function act_overdue() returns void language sql as
    $$select end_overdue_commands('{north}', at_present() - 5 * soon(), 5,
        at_present())$$;

-- ---- messages to Users ----

create function act_lanes() returns void language sql as $$
    insert into leased select 'lane', ('x' || right(user_id::text, 2))::bit(8)
        ::integer, lease_number
    from at_present() as now, lateral lane_leases('{}', now, now + soon(), 2)
$$;
create function act_messages_due() returns void language sql as
    $$select from messages_due(supplier(chance(3)), '{}', at_present(), 50)$$;
create function act_settle() returns void language plpgsql as $$
declare
    l record;
    good bigint[];
    bad bigint[];
begin
    select supplier(number::integer) as who, lease into l
    from some_leased('lane') limit 1;
    select array_agg(alert_no) filter (where r < 0.6),
        array_agg(alert_no) filter (where r >= 0.6) into good, bad
    from (select alert_no, random() as r from alert where user_id = l.who
        and state = 'waiting' order by random() limit 30) x;
    perform lane_settled(l.who, l.lease, null, coalesce(good, '{}'),
        coalesce(bad, '{}'), array(select case when random() < 0.1
            then 'infinity' else at_present() + soon() end from unnest(bad)),
        array(select 'HTTP 500' from unnest(bad)), 1,
        case when random() < 0.3 then at_present() + soon() / 4 end, 'down',
        at_present() - 3 * soon(), at_present()) where l.who is not null;
end $$;
create function act_retry_undelivered() returns void language sql as $$
    select retry_undelivered(case when random() < 0.5 then supplier(chance(3))
        end, 'otto', at_present())
$$;
create function act_undelivered() returns void language sql as $$
    select from undelivered_page(null, null, null, null, 50, supplier(9))
$$;

-- ---- people ----

create function someone() returns text language sql volatile as $$
    select name from account order by random() limit 1
$$;
create function act_sign_in() returns void language plpgsql as $$
declare
    who constant text := someone();
    what constant integer := chance(3);
begin
    if what = 1 then
        perform begin_sign_in(who, 's' || chance(3), 5, '1 second',
            at_present());
    elsif what = 2 then
        perform sign_in_from(who, 's' || chance(3), 'hash',
            sha256(random()::text::bytea), coalesce((select token from session
                order by random() limit 1), ''), at_present(),
            at_present() + soon());
    else
        perform sign_in_failed_from(who, 's' || chance(3), 5, at_present());
    end if;
end $$;
create function act_password() returns void language sql as $$
    select set_password(someone(), null, 'hash', null, 'anna', at_present())
$$;
create function act_account() returns void language sql as $$
    select change_account(someone(), (array['service_desk',
        'administrator'])[chance(2)]::account_role, null, true, 'anna',
        at_present())
$$;
create function act_session() returns void language sql as $$
    select from (select token from session order by random() limit 1) s,
        lateral find_session(s.token, '2 seconds', at_present())
$$;
create function act_wishes() returns void language sql as $$
    select set_notices(someone(), 'a@example.net', (array['{}',
        '{request_finished,quarantine,alarm}'])[chance(2)]::text[], soon(), 'anna',
        at_present())
$$;
create function act_notices() returns void language sql as
    $$select make_notices(10, '', soon(), at_present())$$;
create function act_lease_notices() returns void language sql as $$
    insert into leased select 'notice', notice_no, lease_number
    from at_present() as now, lateral notice_leases(now, now + soon(), 5)
$$;
create function act_mail() returns void language sql as $$
    select case chance(3)
        when 1 then notice_sent(number, 'a@example.net', at_present())
        when 2 then notice_again(number, lease, at_present(), 'no')
        else notices_back(array[number], array[lease]) end
    from some_leased('notice') limit 1
$$;
create function act_give_up_notices() returns void language sql as
    $$select give_up_notices(at_present() - soon(), 'late')$$;

-- ---- what time does, and imports ----

create function act_release() returns void language sql as
    'select from release_slice(0, 1000, 4, at_present())';
create function act_reset() returns void language sql as $$
    select reset_device(ppmid(chance(24)), 'dora', 'why', at_present(),
        soon())
$$;
create function act_collected() returns void language sql as
    'select tell_collected(null, at_present())';
create function act_clean() returns void language plpgsql as $$
declare
    keep constant interval := 4 * soon();
begin
    case chance(10)
        when 1 then perform clean_messages(keep, 20);
        when 2 then perform clean_answers(keep, 20);
        when 3 then perform clean_jobs(keep, 20);
        when 4 then perform clean_images(20);
        when 5 then perform clean_history(keep + interval '15 days', 20);
        when 6 then perform clean_volumes(keep, 20);
        when 7 then perform clean_holds(keep, 20);
        when 8 then perform pass_running_time(ran, 1000000)
            from running_time;
        when 9 then perform clean_alarms(keep, 20);
        else perform clean_sign_ins('1 second', '2 seconds', at_present(), 20);
    end case;
end $$;
create function act_seal() returns void language sql as
    'select from seal_trail(at_present(), 1000)';
create function act_cut_times() returns void language sql as $$
    select cut_times(at_present(), array_agg(longest), array_agg(1::bigint))
    from (select distinct longest from times_ahead()) x
$$;
create function act_clock() returns void language sql as $$
    select from clock_look(at_present(), true, null, 0, t(), '1 hour',
        '1 second')
$$;
create function act_alarms() returns void language sql as $$
    select from alarm_rule r, watch_alarms(r.rule, true, '', '45 days',
        at_present())
    where r.position = chance(6)
$$;
create function act_alarm_rule() returns void language sql as $$
    select set_alarm_rule((array['csp_silent', 'undelivered'])[chance(2)],
        chance(3) > 1, chance(3), 'anna1', 'why', at_present())
$$;
create function act_due() returns void language sql as
    $$select housekeeping_due(at_present(), '1 second')$$;
create function act_sections() returns void language sql as $$
    select note_csp_sections('p' || chance(3), array['', 'north'],
        array[''::bytea, 'x'], at_present() - (chance(3) - 1)
            * interval '1 day')
$$;
create function act_learn() returns void language sql as
    'select learn_waiting_versions(10, at_present())';
-- In the order of a join, and it lasts.
create function act_import_smi() returns void language sql as $$
    select pg_advisory_xact_lock(advisory_lock('import'));
    update smi_device d set hardware_revision = chance(200) from (
        select unnest(some_ppmids(12)) as id order by random()) c
    where d.device_id = c.id;
    select pg_sleep(0.01);
    select refresh_homes(array[hub(1), hub(2)]);
$$;
create function act_import_thresholds() returns void language sql as $$
    select pg_advisory_xact_lock(advisory_lock('import'));
    select from volume_threshold
    order by user_id, service_reference_variant for update;
    update volume_threshold set warning = 10 + chance(20);
$$;

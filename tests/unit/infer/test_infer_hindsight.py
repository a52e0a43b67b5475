"""Columns that a source rewrites when a version closes: found by name and by behaviour."""

from datetime import date, timedelta

import numpy as np
import pytest

from kindred.infer.closing_names import looks_like_closing
from kindred.infer.files import read_csv
from kindred.infer.hindsight import closing_by_values
from kindred.infer.kinds import Use
from kindred.infer.leaving_names import looks_like_change, looks_like_leaving, looks_like_load
from kindred.infer.proposal import Roles, propose

CLOSING = """
valid_to validTo VALID_TO valid_until valid_thru end_date enddate END_DT ended_at is_current
current_flag currentFlag is_latest deleted_at deletedAt closed_at dbt_valid_to effective_to
effective_end_date eff_end_dt row_end sys_end_time to_date date_to bis_datum gültig_bis
current_ind is_current_record CurrentRowIndicator record_end_date superseded_by archived_at
valid_to_ts is_active_version most_recent_flag termination_date expiration_date record_active
vigente_hasta fecha_hasta fecha_fin fecha_fin_vigencia fin_vigencia valido_hasta fechaFinVigencia
data_fim dt_fim_vigencia data_fim_vigencia válido_até vigencia_ate data_ate fim_validade
data_fine data_fine_validità valido_fino_al fine_validita date_fin fin_validite fin_de_validité
date_de_fin date_expiration valable_jusqu_au valide_jusqu_a einddatum eind_datum geldig_tot
tot_datum geldig_t_m slutdatum slut_datum giltig_till giltig_tom till_datum giltighet_slut
konec_platnosti platnost_do platný_do datum_do datum_ukonceni data_do ważny_do data_końca
data_zakonczenia obowiazuje_do koniec_ważności enddatum ablaufdatum gueltigBis gültigkeitsende
дата_окончания дата_окончания_действия действует_до действителен_до дата_по окончание_действия
конец_периода 有效期至 失效日期 失效时间 结束日期 結束日期 终止日期 有效截止日期
終了日 終了日時 有効終了日 適用終了日 失効日 有効期限
es_actual es_vigente registro_actual ultima_version version_actual flag_vigente é_atual e_atual
registro_atual ultimo_registro versao_atual è_attuale riga_corrente est_courant est_actuelle
derniere_version enregistrement_courant is_huidig is_actueel huidige_versie laatste_versie
är_aktuell senaste_version gällande_version jest_aktualny aktualna_wersja je_aktualni
aktualni_verze ist_aktuell letzte_version aktueller_satz признак_актуальности текущая_запись
последняя_версия актуальная_запись 是否当前 当前标志 是否最新 最新记录 最新フラグ 現行フラグ
"""
BARE = (
    "current latest most_recent attuale corrente atual huidig actueel vigente актуальна 当前 最新"
)
ORDINARY = """
current_plan currency current_balance latest spend_to_date is_active active valid_email
contract_end_date closed_tickets deleted_items last_order_date days_to_close card_expiry trend
weekend valid total today start_date status closed churned gender recency updated_on valid_id
valid_from latest_order_date is_valid renewal_date customer_since actual_spend
es_activo activo ativo attivo actif est_actif actief ar_aktiv aktiv ist_aktiv aktywny je_aktivni
активен 是否有效 有効 valido fecha_alta fecha_inicio fecha_fin_contrato data_nascita data_inizio
fine_contratto date_debut date_naissance startdatum datum_od data_od fodelsedatum дата_рождения
дата_начала 开始日期 生日 開始日 合同结束日期 dernier_achat ultima_compra laatste_bestelling
senaste_kop data domicilio date_achat final total_final aktuelle_adresse saldo_actual tarifa_actual
estado est_client dernier_login letzte_bestellung telefon total_do_mes do dom detalle postdatum
validado dttm date_tm
"""


def test_names():
    assert [name for name in CLOSING.split() if not looks_like_closing(name)] == []
    assert [name for name in ORDINARY.split() if looks_like_closing(name)] == []
    ordinary = [*BARE.split(), *ORDINARY.split()]
    assert [name for name in ordinary if looks_like_closing(name)] == []
    flags = [name for name in ordinary if looks_like_closing(name, is_flag=True)]
    assert flags == [*BARE.split(), "latest"]


LEAVING = """
churn_date cancel_reason exit_survey cancellation_date kuendigungsdatum Kündigungsgrund quit_reason
subscription_cancelled_at account_closed_on exitInterview termination_reason motif_resiliation
date_de_résiliation fecha_baja motivo_cancelacion data_cancelamento data_disdetta opzegdatum
Austrittsdatum uppsägningsdatum дата_расторжения причина_оттока customer_churn_dt deletion_reason
"""
LEAVING_ALONE = "deleted closed account_closed is_terminated Kündigung résiliation baja disdetta"
CHANGES = """
last_modified modified_date last_updated updated_at lastUpdate geändert_am Änderungsdatum
letzte_Änderung date_modification date_maj fecha_actualizacion data_ultima_modifica gewijzigd_op
"""
LOADS = (
    "etl_loaded_at load_ts _fivetran_synced ingestion_time dwh_insert_dt importdatum fecha_carga"
)


def test_names_of_what_is_written_later():
    for names, looks_like in ((CHANGES, looks_like_change), (LOADS, looks_like_load)):
        assert [name for name in names.split() if not looks_like(name)] == []
        others = f"{ORDINARY} {BARE} {LEAVING} created_at order_date load changes".split()
        assert [name for name in others if looks_like(name)] == [
            name for name in others if name == "updated_on" and looks_like is looks_like_change
        ]
    assert [name for name in LEAVING.split() if not looks_like_leaving(name)] == []
    for name in LEAVING_ALONE.split():
        assert (looks_like_leaving(name), looks_like_leaving(name, is_alone=True)) == (False, True)
    ordinary = f"{ORDINARY} {BARE} exit_page cancelled_orders termination_fee exit_rate quitline"
    named = [name for name in ordinary.split() if looks_like_leaving(name, is_alone=True)]
    assert named == ["closed", "churned"]


def test_what_is_written_later_is_left_out_whatever_it_is_filled_for():
    header = "id,age,cancel_reason,exit_survey,last_modified,touched_at,loaded_at,deleted,churned"
    days = [f"2024-{1 + n % 12:02d}-{1 + n % 28:02d}" for n in range(99)]
    rows = [
        f"{n},{n % 60},{'' if n % 4 else 'price'},{'' if n % 4 else n % 5},{day}"
        f",{day if n else ''},{day},{n % 3 == 0:d},{n % 4 == 0:d}"
        for n, day in enumerate(days)
    ]
    text = "\n".join([header, *rows]) + "\n"
    found = decisions(text, Roles("id"))
    uses = {name: decision.use for name, decision in found.items()}
    assert uses.pop("age") is Use.FEATURE
    assert uses.pop("churned") is Use.LABEL
    assert set(uses.values()) == {Use.IGNORE}
    assert "known once a customer has left" in found["cancel_reason"].reason
    assert "--updated-at" in found["last_modified"].reason
    for name in ("touched_at", "loaded_at"):
        assert "--updated-at" not in found[name].reason
    given = decisions(text, Roles("id", "last_modified"))
    assert "--updated-at" not in "".join(each.reason for each in given.values())


def test_a_name_counts_in_a_table_without_versions_too():
    text = "id,age,valid_to,is_current\n" + "".join(f"{n},{n % 60},,t\n" for n in range(100))
    found = reasons(text, Roles("id"))
    assert found["valid_to"].startswith("hindsight by its name")
    assert found["is_current"].startswith("hindsight by its name")
    assert "hindsight" not in found["age"]


def reasons(text, roles):
    return {name: decision.reason for name, decision in decisions(text, roles).items()}


def decisions(text, roles):
    proposal = propose("t", roles, read_csv(text.encode(), roles))
    return {decision.column: decision for decision in proposal.decisions}


HIDDEN = ("c1", "c2", "c3", "c4", "c5", "c6", "c7")


def history(rng, *, customers=150, most=4, gone=0.0):
    """Versions with closing columns of meaningless names, and ordinary ones beside them."""
    header = [*HIDDEN, "plan", "age", "premium", "renewal", "maybe", "last_visit", "version"]
    lines = [",".join(["id", "since", *header])]
    for customer in range(customers):
        count = int(rng.integers(1, most + 1))
        days = sorted(rng.choice(700, count, replace=False).tolist())
        starts = [date(2024, 1, 1) + timedelta(int(day)) for day in days]
        has_left, is_premium = rng.random() < gone, False
        for number, start in enumerate(starts):
            is_newest = number == count - 1
            end = start + timedelta(9) if has_left else None
            end = end if is_newest else starts[number + 1]
            is_premium = is_premium or rng.random() < 0.2
            values = [
                end or "",
                end or "9999-12-31",
                (end - timedelta(1)) if end and not is_newest else end or start + timedelta(400),
                "Y" if end is None else "N",
                "" if end is None else "replaced",
                0 if end else 1,
                count - number,
                rng.choice(["basic", "plus", "gold"]),
                round(rng.normal(40, 10), 1),
                "t" if is_premium else "f",
                start + timedelta(int(rng.integers(30, 400))),
                "" if rng.random() < 0.6 else int(rng.integers(1, 99)),
                start - timedelta(int(rng.integers(0, 3))),
                number + 1,
            ]
            lines.append(",".join(map(str, [customer, start, *values])))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("options", [{}, {"most": 2}, {"gone": 0.3}, {"most": 12, "customers": 40}])
@pytest.mark.parametrize("seed", [1, 2])
def test_behaviour(options, seed):
    text = history(np.random.default_rng(seed), **options)
    found = reasons(text, Roles("id", "since"))
    is_hindsight = {name for name, reason in found.items() if reason.startswith("hindsight")}
    assert is_hindsight == set(HIDDEN)


LATER = (
    "count",
    "left",
    "last",
    "seconds",
    "milliseconds",
    "digits",
    "text",
    "days",
    "now",
    "flag",
)


@pytest.mark.parametrize(("most", "least"), [(5, 1), (2, 1), (4, 2)])
def test_statistics_of_later_versions(most, least):
    """What stays the same over a customer's versions is hindsight if it equals one of these."""
    rng = np.random.default_rng(3)
    header = "birth gender children first_plan previous_plan plan version app contract balance"
    lines = [",".join(["id", "since", *LATER, *header.split()])]
    for customer in range(200):
        count = int(rng.integers(least, most + 1))
        days = sorted(rng.choice(700, count, replace=False).tolist())
        starts = [date(2024, 1, 1) + timedelta(int(day)) for day in days]
        plans = [str(rng.choice(["basic", "plus", "gold"])) for _ in starts]
        constant = [
            date(1960, 1, 1) + timedelta(int(rng.integers(15_000))),
            rng.choice(["f", "m"]),
            rng.integers(4),
            plans[0],
        ]
        has_app, contract = False, date(2026, 1, 1) + timedelta(int(rng.integers(900)))
        for number, start in enumerate(starts):
            is_newest = number == count - 1
            end = date(2099, 1, 1) if is_newest else starts[number + 1]
            seconds = (end - date(1970, 1, 1)).days * 86_400
            has_app = has_app or rng.random() < 0.4
            later = [
                *(count, count - 1 - number, starts[-1], seconds, seconds * 1000),
                *(f"{end:%Y%m%d}", f"{end:%d.%m.%Y}"),
                "" if is_newest else (end - start).days,
                *(plans[-1], "Y" if is_newest or customer % 10 == 0 else "N"),
            ]
            previous = plans[number - 1] if number else ""
            own = [previous, plans[number], number + 1, has_app, contract, rng.integers(999)]
            lines.append(",".join(map(str, [customer, start, *later, *constant, *own])))
    found = reasons("\n".join(lines) + "\n", Roles("id", "since"))
    assert {name for name, why in found.items() if why.startswith("hindsight")} == {*LATER}


def test_a_migration_of_everybody_in_their_only_change_is_left_alone_if_some_left_it():
    """Two versions each: the newest of most, and no older one, have the new plan."""
    lines = ["id,since,plan"]
    for n in range(100):
        lines += [f"{n},2024-01-01,{'ab'[n % 2]}", f"{n},2024-06-01,{'c' if n % 9 else 'd'}"]
    assert "hindsight" not in reasons("\n".join(lines) + "\n", Roles("id", "since"))["plan"]


def test_the_time_of_a_daily_load_is_left_alone():
    lines = ["id,since,read_by"]
    for n in range(300):
        day = f"2024-01-{1 + n // 20:02d}"
        lines.append(f"{n % 20},{day}T00:00:00,{day}T02:00:00")
    assert "hindsight" not in reasons("\n".join(lines) + "\n", Roles("id", "since"))["read_by"]


def test_a_few_versions_mean_nothing():
    text = "id,since,value\n1,2024-01-01,a\n1,2024-02-01,\n2,2024-01-01,b\n2,2024-02-01,\n"
    evidence = read_csv(text.encode(), Roles("id", "since"))
    columns = {column.name: column for column in evidence.columns}
    assert closing_by_values([columns["value"]], columns["id"], columns["since"]) == {}


def test_an_asked_for_label_stays_one():
    rows = "".join(f"{n},{n % 60},{'2024-01-01' if n % 5 else ''}\n" for n in range(99))
    found = decisions(f"id,age,deleted_at\n{rows}", Roles("id", labels=("deleted_at",)))
    assert found["deleted_at"].use is Use.LABEL

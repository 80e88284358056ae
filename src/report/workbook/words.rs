//! What people read in the workbook, in the three languages of reports. Names of columns are not words: they stay as in the tables.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::criteria::Criterion;
use crate::model::Language;
use crate::report::{ReportLanguage, html};

/// The sheets and the words of the summary.
pub(super) struct Words {
    pub(super) summary: &'static str,
    pub(super) agents: &'static str,
    pub(super) conversations: &'static str,
    pub(super) evidence: &'static str,
    pub(super) quarantine: &'static str,
    pub(super) dictionary: &'static str,

    pub(super) title: &'static str,
    pub(super) counts: &'static str,
    pub(super) read: &'static str,
    pub(super) scored: &'static str,
    pub(super) quarantined: &'static str,
    pub(super) parts: &'static str,
    pub(super) points: &'static str,
    pub(super) agent_count: &'static str,
    pub(super) files: &'static str,
    pub(super) by_language: &'static str,
    pub(super) by_channel: &'static str,
    pub(super) by_kind: &'static str,

    pub(super) left_out: &'static str,
    /// With `{kept}`, `{all}`, `{table}`.
    pub(super) left_out_lowest: &'static str,
    pub(super) left_out_first: &'static str,
    /// With `{links}`.
    pub(super) links_end: &'static str,

    pub(super) coverage: &'static str,
    pub(super) criterion: &'static str,
    pub(super) overall: &'static str,
    pub(super) status_scored: &'static str,
    pub(super) status_not_applicable: &'static str,
    pub(super) status_cannot_tell: &'static str,
    pub(super) share: &'static str,
    pub(super) mean: &'static str,
    pub(super) lower_quartile: &'static str,
    pub(super) median: &'static str,
    pub(super) upper_quartile: &'static str,

    pub(super) distribution: &'static str,
    pub(super) score: &'static str,

    pub(super) agents_overall: &'static str,
    /// With `{shown}`, `{all}`.
    pub(super) agents_both_ends: &'static str,
    pub(super) agent: &'static str,
    pub(super) estimate: &'static str,
    pub(super) low: &'static str,
    pub(super) high: &'static str,
    pub(super) band: &'static str,
    pub(super) minus: &'static str,
    pub(super) plus: &'static str,
    pub(super) unnamed: &'static str,

    pub(super) made_by: &'static str,
    pub(super) version: &'static str,
    pub(super) lexicon: &'static str,
    pub(super) scorecard: &'static str,
    pub(super) scorecard_hash: &'static str,
    pub(super) layout: &'static str,
    pub(super) masked: &'static str,
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
    pub(super) inputs: &'static str,

    pub(super) how_to_read: &'static str,
    pub(super) hints: [&'static str; 7],
}

/// The words of a language.
pub(super) fn words(language: ReportLanguage) -> &'static Words {
    match language {
        ReportLanguage::En => &EN,
        ReportLanguage::Ru => &RU,
        ReportLanguage::Kk => &KK,
    }
}

/// The name of a criterion in a language, as the report for the browser has it; the English one where it has none.
pub(super) fn title(criterion: &dyn Criterion, language: ReportLanguage) -> &'static str {
    static TITLES: OnceLock<[BTreeMap<String, String>; 3]> = OnceLock::new();
    let titles = TITLES.get_or_init(|| Language::ALL.map(html::criterion_titles));
    titles[Language::from(language) as usize].get(criterion.name()).map_or(criterion.title(), String::as_str)
}

const EN: Words = Words {
    summary: "Summary",
    agents: "Agents",
    conversations: "Conversations",
    evidence: "Evidence",
    quarantine: "Quarantine",
    dictionary: "Data dictionary",
    title: "How agents treated customers",
    counts: "Counts",
    read: "Conversations read",
    scored: "… scored",
    quarantined: "… set aside (quarantine)",
    parts: "Parts: one agent in one conversation",
    points: "Rows of evidence",
    agent_count: "Agents",
    files: "Files",
    by_language: "Scored by language",
    by_channel: "Scored by channel",
    by_kind: "Set aside by reason",
    left_out: "What is not in this workbook",
    left_out_lowest: "{kept} of {all} rows of {table} are here, the lowest first to be kept. All are in {table}.csv and {table}.parquet; --workbook-rows keeps more.",
    left_out_first: "The first {kept} of {all} rows of {table} are here. All are in {table}.csv; --workbook-rows keeps more.",
    links_end: "On the sheet Conversations the first {links} rows are links: Excel allows no more on a sheet. Filter Evidence by conversation_id for the others.",
    coverage: "Criteria: how many parts were scored, and how",
    criterion: "Criterion",
    overall: "Overall",
    status_scored: "Scored",
    status_not_applicable: "Not applicable",
    status_cannot_tell: "Cannot tell",
    share: "Scored, %",
    mean: "Mean",
    lower_quartile: "Lower quartile",
    median: "Median",
    upper_quartile: "Upper quartile",
    distribution: "Distribution: parts by score",
    score: "Score",
    agents_overall: "Agents: overall score with 95 % interval",
    agents_both_ends: "{shown} of {all} agents: the highest and the lowest. All are on the sheet Agents.",
    agent: "Agent",
    estimate: "Overall, shrunken",
    low: "Low",
    high: "High",
    band: "Band",
    minus: "Down to low",
    plus: "Up to high",
    unnamed: "(none)",
    made_by: "Made by",
    version: "Sabyr version",
    lexicon: "Hash of the phrases",
    scorecard: "Scorecard",
    scorecard_hash: "Hash of the scorecard",
    layout: "Layout of the run folder",
    masked: "Personal data masked",
    yes: "yes",
    no: "no",
    inputs: "Input",
    how_to_read: "How to read it",
    hints: [
        "A score is 0 to 100, the rating that people would give on average. Only scored counts: not applicable means that nothing called for the criterion, cannot tell that the input lacks what it needs.",
        "Compare agents by the columns _shrunken: means drawn towards the team's by what the number of conversations warrants. _low and _high are the ends of the 95 % interval; where intervals overlap, the difference may be chance.",
        "Click an agent on the sheet Agents, or a conversation on Conversations: its rows of Evidence are selected. An agent without a name is shown as (none).",
        "Evidence is sorted by agent, then by conversation. Filter it as you like; sorted otherwise, links select other rows.",
        "points is what a sentence adds to the score of its criterion; what is lost is negative. The criterion's start plus its points is the score.",
        "started_at is the local time as written; its zone is in started_at_zone.",
        "Columns are named as in the CSV and Parquet files; the sheet Data dictionary says what each means.",
    ],
};

const RU: Words = Words {
    summary: "Сводка",
    agents: "Операторы",
    conversations: "Разговоры",
    evidence: "Обоснования",
    quarantine: "Карантин",
    dictionary: "Словарь данных",
    title: "Как операторы обращались с клиентами",
    counts: "Количество",
    read: "Прочитано разговоров",
    scored: "… оценено",
    quarantined: "… отложено (карантин)",
    parts: "Части: один оператор в одном разговоре",
    points: "Строк обоснований",
    agent_count: "Операторов",
    files: "Файлов",
    by_language: "Оценено по языкам",
    by_channel: "Оценено по каналам",
    by_kind: "Отложено по причинам",
    left_out: "Чего нет в этой книге",
    left_out_lowest: "Здесь {kept} из {all} строк таблицы {table}: оставлены самые низкие. Все строки есть в {table}.csv и {table}.parquet; --workbook-rows оставит больше.",
    left_out_first: "Здесь первые {kept} из {all} строк таблицы {table}. Все строки есть в {table}.csv; --workbook-rows оставит больше.",
    links_end: "На листе «Разговоры» ссылками сделаны первые {links} строк: больше Excel на одном листе не допускает. Для остальных отфильтруйте «Обоснования» по conversation_id.",
    coverage: "Критерии: сколько частей оценено и как",
    criterion: "Критерий",
    overall: "Общая оценка",
    status_scored: "Оценено",
    status_not_applicable: "Неприменимо",
    status_cannot_tell: "Нельзя определить",
    share: "Оценено, %",
    mean: "Среднее",
    lower_quartile: "Нижний квартиль",
    median: "Медиана",
    upper_quartile: "Верхний квартиль",
    distribution: "Распределение: частей по оценкам",
    score: "Оценка",
    agents_overall: "Операторы: общая оценка с 95 % интервалом",
    agents_both_ends: "{shown} из {all} операторов: с самой высокой и самой низкой оценкой. Все — на листе «Операторы».",
    agent: "Оператор",
    estimate: "Общая, сглаженная",
    low: "От",
    high: "До",
    band: "Уровень",
    minus: "Вниз до границы",
    plus: "Вверх до границы",
    unnamed: "(не указан)",
    made_by: "Чем сделано",
    version: "Версия Sabyr",
    lexicon: "Хеш фраз",
    scorecard: "Оценочный лист",
    scorecard_hash: "Хеш оценочного листа",
    layout: "Устройство папки",
    masked: "Личные данные скрыты",
    yes: "да",
    no: "нет",
    inputs: "Входные данные",
    how_to_read: "Как это читать",
    hints: [
        "Оценка — от 0 до 100: её в среднем поставили бы люди. Считается только оценённое: «неприменимо» — для критерия не было повода, «нельзя определить» — во входных данных нет нужного.",
        "Сравнивайте операторов по столбцам _shrunken: средние, притянутые к среднему команды настолько, насколько мало разговоров. _low и _high — границы 95 % интервала; если интервалы пересекаются, разница может быть случайной.",
        "Нажмите на оператора на листе «Операторы» или на разговор на листе «Разговоры»: выделятся его строки в «Обоснованиях». Оператор без имени показан как (не указан).",
        "«Обоснования» отсортированы по оператору, затем по разговору. Фильтруйте как угодно; после другой сортировки ссылки выделят не те строки.",
        "points — сколько фраза прибавляет к оценке критерия; потерянное — со знаком минус. Начало критерия плюс его points и есть оценка.",
        "started_at — местное время, как записано; часовой пояс — в started_at_zone.",
        "Столбцы названы так же, как в файлах CSV и Parquet; лист «Словарь данных» объясняет каждый (по-английски).",
    ],
};

const KK: Words = Words {
    summary: "Жиынтық",
    agents: "Операторлар",
    conversations: "Әңгімелер",
    evidence: "Дәлелдер",
    quarantine: "Карантин",
    dictionary: "Деректер сөздігі",
    title: "Операторлар клиенттерге қалай қарады",
    counts: "Саны",
    read: "Оқылған әңгіме",
    scored: "… бағаланғаны",
    quarantined: "… бөлек қойылғаны (карантин)",
    parts: "Бөліктер: бір әңгімедегі бір оператор",
    points: "Дәлел жолдары",
    agent_count: "Оператор",
    files: "Файл",
    by_language: "Бағаланғаны тілдер бойынша",
    by_channel: "Бағаланғаны арналар бойынша",
    by_kind: "Бөлек қойылғаны себептер бойынша",
    left_out: "Бұл кітапта не жоқ",
    left_out_lowest: "Мұнда {table} кестесінің {all} жолының {kept} жолы бар: ең төмендері қалдырылды. Барлығы {table}.csv және {table}.parquet файлдарында; --workbook-rows көбірек қалдырады.",
    left_out_first: "Мұнда {table} кестесінің {all} жолының алғашқы {kept} жолы бар. Барлығы {table}.csv файлында; --workbook-rows көбірек қалдырады.",
    links_end: "«Әңгімелер» парағында алғашқы {links} жол ғана сілтеме: Excel бір парақта одан көбіне жол бермейді. Қалғандары үшін «Дәлелдерді» conversation_id бойынша сүзіңіз.",
    coverage: "Өлшемдер: қанша бөлік және қалай бағаланды",
    criterion: "Өлшем",
    overall: "Жалпы баға",
    status_scored: "Бағаланды",
    status_not_applicable: "Қолданылмайды",
    status_cannot_tell: "Анықтау мүмкін емес",
    share: "Бағаланды, %",
    mean: "Орташа",
    lower_quartile: "Төменгі квартиль",
    median: "Медиана",
    upper_quartile: "Жоғарғы квартиль",
    distribution: "Үлестірім: бөліктер баға бойынша",
    score: "Баға",
    agents_overall: "Операторлар: жалпы баға және 95 % аралық",
    agents_both_ends: "{all} оператордың {shown}-ы: бағасы ең жоғарылары мен ең төмендері. Барлығы «Операторлар» парағында.",
    agent: "Оператор",
    estimate: "Жалпы, тегістелген",
    low: "Төменгі шегі",
    high: "Жоғарғы шегі",
    band: "Деңгейі",
    minus: "Төменгі шекке дейін",
    plus: "Жоғарғы шекке дейін",
    unnamed: "(көрсетілмеген)",
    made_by: "Немен жасалды",
    version: "Sabyr нұсқасы",
    lexicon: "Тіркестер хеші",
    scorecard: "Бағалау парағы",
    scorecard_hash: "Бағалау парағының хеші",
    layout: "Қалтаның құрылымы",
    masked: "Жеке деректер жасырылған",
    yes: "иә",
    no: "жоқ",
    inputs: "Кіріс деректері",
    how_to_read: "Қалай оқу керек",
    hints: [
        "Баға 0-ден 100-ге дейін: адамдар орта есеппен осындай баға берер еді. Тек бағаланғаны есептеледі: «қолданылмайды» — өлшемге себеп болмады, «анықтау мүмкін емес» — кіріс деректерінде керегі жоқ.",
        "Операторларды _shrunken бағандары бойынша салыстырыңыз: әңгіме аз болған сайын орташа мән команданың орташасына жақындатылады. _low және _high — 95 % аралықтың шектері; аралықтар қиылысса, айырма кездейсоқ болуы мүмкін.",
        "«Операторлар» парағындағы операторды немесе «Әңгімелер» парағындағы әңгімені басыңыз: «Дәлелдер» парағындағы жолдары белгіленеді. Аты жоқ оператор (көрсетілмеген) деп көрсетіледі.",
        "«Дәлелдер» алдымен оператор, содан кейін әңгіме бойынша сұрыпталған. Қалағаныңызша сүзіңіз; басқаша сұрыпталса, сілтемелер басқа жолдарды белгілейді.",
        "points — сөйлем өлшемнің бағасына қанша қосатыны; жоғалтқаны минус таңбасымен. Өлшемнің бастапқы мәні мен points қосындысы — баға.",
        "started_at — жазылған жергілікті уақыт; уақыт белдеуі started_at_zone бағанында.",
        "Бағандар CSV және Parquet файлдарындағыдай аталған; «Деректер сөздігі» парағы әрқайсысын түсіндіреді (ағылшынша).",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria;

    #[test]
    fn every_criterion_has_a_name_in_each_language() {
        for c in criteria::ALL {
            let names = [ReportLanguage::En, ReportLanguage::Ru, ReportLanguage::Kk].map(|l| title(*c, l));
            assert!(names[0].is_ascii() && !names[1].is_ascii() && !names[2].is_ascii(), "{names:?}");
        }
    }

    #[test]
    fn names_of_sheets_are_such_as_excel_allows() {
        for w in [&EN, &RU, &KK] {
            let names = [w.summary, w.agents, w.conversations, w.evidence, w.quarantine, w.dictionary];
            for name in names {
                assert!(
                    name.chars().count() <= 31 && !name.contains(['[', ']', ':', '*', '?', '/', '\\', '\'']),
                    "{name}"
                );
            }
            let apart: std::collections::BTreeSet<_> = names.iter().map(|n| n.to_lowercase()).collect();
            assert_eq!(apart.len(), names.len());
            for text in [w.left_out_lowest, w.left_out_first] {
                assert!(["{kept}", "{all}", "{table}"].iter().all(|p| text.contains(p)), "{text}");
            }
            assert!(w.links_end.contains("{links}"));
            assert!(w.agents_both_ends.contains("{shown}") && w.agents_both_ends.contains("{all}"));
        }
    }
}

//! English contractions: a pattern written in the long form also finds *I'm*, *don't*, *im*, *dont*, *gonna*.

use std::borrow::Cow;

use super::pattern::Node;

/// The long form of a contraction written in a pattern, so that phrases may be written either way.
pub(super) fn long_form(word: &str) -> Option<Vec<&'static str>> {
    let found = SUFFIXES.iter().find_map(|(first, second, short)| {
        (short.contains(&word) && word.contains('\'')).then(|| vec![*first, *second])
    });
    found.or_else(|| NOT.iter().find_map(|(verb, short)| (short[0] == word).then(|| vec![*verb, "not"])))
}

/// (verb, its forms with *not*; the first is the regular one)
const NOT: &[(&str, &[&str])] = &[
    ("do", &["don't", "dont"]),
    ("does", &["doesn't", "doesnt"]),
    ("did", &["didn't", "didnt"]),
    ("is", &["isn't", "isnt"]),
    ("are", &["aren't", "arent"]),
    ("was", &["wasn't", "wasnt"]),
    ("were", &["weren't", "werent"]),
    ("has", &["hasn't", "hasnt"]),
    ("have", &["haven't", "havent"]),
    ("had", &["hadn't", "hadnt"]),
    ("can", &["can't", "cant", "cannot"]),
    ("could", &["couldn't", "couldnt"]),
    ("will", &["won't", "wont"]),
    ("would", &["wouldn't", "wouldnt"]),
    ("should", &["shouldn't", "shouldnt"]),
    ("must", &["mustn't", "mustnt"]),
    ("need", &["needn't", "neednt"]),
];

/// (first word, second word, contracted forms). Forms without apostrophe are left out where they are words of their own.
const SUFFIXES: &[(&str, &str, &[&str])] = &[
    ("i", "am", &["i'm", "im"]),
    ("i", "will", &["i'll", "ill"]),
    ("i", "have", &["i've", "ive"]),
    ("i", "would", &["i'd"]),
    ("i", "had", &["i'd"]),
    ("you", "are", &["you're", "youre", "ur"]),
    ("you", "will", &["you'll", "youll"]),
    ("you", "have", &["you've", "youve"]),
    ("you", "would", &["you'd", "youd"]),
    ("you", "had", &["you'd", "youd"]),
    ("we", "are", &["we're"]),
    ("we", "will", &["we'll"]),
    ("we", "have", &["we've", "weve"]),
    ("we", "would", &["we'd"]),
    ("we", "had", &["we'd"]),
    ("they", "are", &["they're", "theyre"]),
    ("they", "will", &["they'll", "theyll"]),
    ("they", "have", &["they've", "theyve"]),
    ("he", "is", &["he's"]),
    ("he", "has", &["he's"]),
    ("he", "will", &["he'll"]),
    ("she", "is", &["she's"]),
    ("she", "has", &["she's"]),
    ("she", "will", &["she'll"]),
    ("it", "is", &["it's", "its"]),
    ("it", "will", &["it'll", "itll"]),
    ("it", "has", &["it's", "its"]),
    ("it", "would", &["it'd"]),
    ("that", "is", &["that's", "thats"]),
    ("that", "has", &["that's", "thats"]),
    ("that", "will", &["that'll", "thatll"]),
    ("that", "would", &["that'd"]),
    ("there", "is", &["there's", "theres"]),
    ("here", "is", &["here's", "heres"]),
    ("what", "is", &["what's", "whats"]),
    ("what", "has", &["what's", "whats"]),
    ("who", "is", &["who's", "whos"]),
    ("who", "has", &["who's", "whos"]),
    ("how", "is", &["how's", "hows"]),
    ("where", "is", &["where's", "wheres"]),
    ("let", "us", &["let's", "lets"]),
    ("must", "have", &["must've", "mustve"]),
    ("should", "have", &["should've", "shouldve"]),
    ("could", "have", &["could've", "couldve"]),
    ("would", "have", &["would've", "wouldve"]),
    ("might", "have", &["might've"]),
    ("going", "to", &["gonna"]),
    ("want", "to", &["wanna"]),
    ("got", "to", &["gotta"]),
    ("kind", "of", &["kinda"]),
    ("let", "me", &["lemme"]),
    ("give", "me", &["gimme"]),
];

fn contracted(first: &str, second: &str, negatives: bool) -> Vec<Cow<'static, str>> {
    let listed = |forms: &'static [&'static str]| forms.iter().map(|f| Cow::Borrowed(*f)).collect();
    if negatives {
        let verb = NOT.iter().find(|(verb, _)| second == "not" && *verb == first);
        return verb.map_or_else(Vec::new, |(_, forms)| listed(forms));
    }
    match SUFFIXES.iter().find(|(a, b, _)| *a == first && *b == second) {
        Some((_, _, forms)) => listed(forms),
        None => after_a_noun(first, second).map(Cow::Owned).into_iter().collect(),
    }
}

/// "the lift is out" is also "the lift's out", "the vet will call" also "the vet'll call"; so with any word of three letters and more
/// that does not end in *s*.
fn after_a_noun(word: &str, verb: &str) -> Option<String> {
    let short = match verb {
        "is" | "has" => "s",
        "will" => "ll",
        _ => return None,
    };
    let may = word.len() >= 3 && !word.ends_with('s') && word.bytes().all(|b| b.is_ascii_lowercase());
    may.then(|| format!("{word}'{short}"))
}

/// Single words that a node may be on its own.
fn single_words(node: &Node, out: &mut Vec<String>) {
    match node {
        Node::Word(w) => out.push(w.clone()),
        Node::Alt(items) => items.iter().for_each(|i| single_words(i, out)),
        Node::Opt(inner) => single_words(inner, out),
        _ => {}
    }
}

/// Adds the contracted forms to every place where the long ones stand.
pub(super) fn expand(node: Node) -> Node {
    match node {
        Node::Word(w) => match long_form(&w) {
            Some(long) => Node::Alt(vec![
                Node::Seq(long.into_iter().map(|x| Node::Word(x.into())).collect()),
                Node::Word(w.replace('\'', "")),
                Node::Word(w),
            ]),
            None => Node::Word(w),
        },
        Node::Alt(items) => Node::Alt(items.into_iter().map(expand).collect()),
        Node::Opt(inner) => Node::Opt(Box::new(expand(*inner))),
        Node::Seq(items) => {
            let mut flat = Vec::new();
            for item in items {
                match item {
                    Node::Word(w) if w.contains('\'') && long_form(&w).is_some() => {
                        flat.extend(long_form(&w).into_iter().flatten().map(|x| Node::Word(x.into())));
                    }
                    other => flat.push(expand(other)),
                }
            }
            let negated = pairs(flat, true);
            let mut all = pairs(negated, false);
            if all.len() == 1 { all.remove(0) } else { Node::Seq(all) }
        }
        other => other,
    }
}

/// First words a node may begin with, each with what follows it inside the node.
fn heads(node: &Node, out: &mut Vec<(String, Option<Node>)>) {
    match node {
        Node::Word(w) => out.push((w.clone(), None)),
        Node::Alt(items) => items.iter().for_each(|i| heads(i, out)),
        Node::Opt(inner) => heads(inner, out),
        Node::Seq(items) => {
            let mut first = Vec::new();
            if let Some(head) = items.first() {
                single_words(head, &mut first);
            }
            out.extend(first.into_iter().map(|w| (w, Some(Node::Seq(items[1..].to_vec())))));
        }
        _ => {}
    }
}

fn pairs(items: Vec<Node>, negatives: bool) -> Vec<Node> {
    let mut out: Vec<Node> = Vec::with_capacity(items.len());
    let mut joined = false; // the last node of `out` already is a pair
    for item in items {
        if let (Some(previous), false) = (out.last(), joined) {
            let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
            single_words(previous, &mut firsts);
            heads(&item, &mut seconds);
            let mut short: Vec<Node> = Vec::new();
            for (second, rest) in &seconds {
                for word in firsts.iter().flat_map(|first| contracted(first, second, negatives)) {
                    let word = Node::Word(word.into_owned());
                    let branch = match rest {
                        Some(rest) => Node::Seq(vec![word, rest.clone()]),
                        None => word,
                    };
                    if !short.contains(&branch) {
                        short.push(branch);
                    }
                }
            }
            if !short.is_empty() {
                let previous = out.pop().unwrap_or(Node::Seq(Vec::new()));
                // "will [not]" keeps a bare "will" for the pair before it.
                let mut branches = match item {
                    Node::Opt(inner) if negatives => vec![previous.clone(), Node::Seq(vec![previous, *inner])],
                    item => vec![Node::Seq(vec![previous, item])],
                };
                branches.append(&mut short);
                out.push(Node::Alt(branches));
                joined = true;
                continue;
            }
        }
        joined = false;
        out.push(item);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::pattern::Pattern;

    fn forms(pattern: &str) -> String {
        format!("{:?}", expand(Pattern::parse(pattern).unwrap().root))
    }

    #[test]
    fn long_forms_gain_their_short_ones() {
        assert!(forms("i am sorry").contains("\"i'm\"") && forms("i am sorry").contains("\"im\""));
        assert!(forms("(i|we) will [not] check").contains("\"we'll\""));
        assert!(forms("i do not know").contains("\"dont\""));
        assert!(forms("we can not").contains("\"cannot\""));
        assert!(
            forms("you are not listening").contains("Seq([Word(\"you're\"), Seq([Word(\"not\")])])"),
            "{}",
            forms("you are not listening")
        );
    }

    #[test]
    fn nouns_are_contracted_with_what_they_do() {
        assert!(forms("the (lift|door) is broken").contains("\"lift's\""));
        assert!(forms("the vet will call").contains("\"vet'll\""));
        assert!(!forms("the doors is").contains('\''), "{}", forms("the doors is"));
    }

    #[test]
    fn short_forms_gain_their_long_ones() {
        assert!(forms("don't know").contains("Word(\"not\")"));
        assert!(forms("i'm sorry").contains("Word(\"am\")"));
    }

    #[test]
    fn words_that_are_words_of_their_own_are_left_alone() {
        assert!(!forms("we will see").contains("\"well\""));
        assert!(!forms("we are here").contains("\"were\""));
    }
}

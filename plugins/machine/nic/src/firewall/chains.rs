//! The VPC's firewall rules as chains: <https://cloud.google.com/firewall/docs/firewalls#rule_evaluation>.
//!
//! A chain holds the rules of one direction and interface in the order in which they decide. A rule with several protocols or ports
//! has a chain of its own, so that its ranges are looked up once.

use machine_config::{Action, Cidr, Direction, Protocol, Rule};

use super::expression::{Addresses, Expression};
use super::table::{Chain, Set};

/// The rules of a configuration with their indices, in the order in which they decide.
#[derive(Clone, Debug)]
pub struct Ordered<'rules>(Vec<(usize, &'rules Rule)>);

/// What becomes of packets that a rule lets through: accepted, or looked at by another chain.
#[derive(Clone, Debug)]
pub struct Block<'name> {
    /// Name of the chain.
    pub name: &'name str,
    /// Whether the rules' ranges are looked at; not for packets from the host, whose address says nothing.
    pub by_range: bool,
    pub allow: Expression,
    /// What happens to packets that no rule decides; none returns to the caller.
    pub otherwise: Option<Expression>,
}

impl<'rules> Ordered<'rules> {
    /// Rules of `direction`: lowest priority first, denying before allowing.
    pub fn new(rules: &'rules [Rule], direction: Direction) -> Ordered<'rules> {
        let mut ordered: Vec<_> = rules.iter().enumerate().filter(|(_, rule)| rule.direction == direction).collect();
        ordered.sort_by_key(|(_, rule)| (rule.priority, rule.action));
        Ordered(ordered)
    }

    /// Those of the network that interface `index` is in.
    pub fn of_interface(&self, index: usize) -> Ordered<'rules> {
        self.only(|rule| rule.interfaces.is_empty() || rule.interfaces.contains(&index))
    }

    /// Those that are about the internet, where what comes from the host is taken to come from.
    pub fn of_outside(&self) -> Ordered<'rules> {
        self.only(|rule| rule.ranges.iter().any(|range| is_outside(*range)))
    }

    fn only(&self, keep: impl Fn(&Rule) -> bool) -> Ordered<'rules> {
        Ordered(self.0.iter().copied().filter(|(_, rule)| keep(rule)).collect())
    }

    /// Sets of the rules that name several ranges.
    pub fn sets(&self) -> impl Iterator<Item = Set> {
        let several = self.0.iter().filter(|(_, rule)| rule.ranges.len() > 1);
        several.map(|(index, rule)| Set { name: set_name(*index), ranges: rule.ranges.clone() })
    }

    /// The chain that `block` describes, after those that it jumps to.
    pub fn chains(&self, block: &Block<'_>) -> Vec<Chain> {
        let mut chains = Vec::new();
        let mut rules = Vec::new();
        for (index, rule) in self.0.iter().filter(|(_, rule)| !rule.ranges.is_empty()) {
            let condition = if block.by_range { address(*index, rule) } else { None };
            let mut decisions = decisions(*index, rule, &block.allow);
            if decisions.len() > 1 {
                let name = format!("{}-{index}", block.name);
                chains.push(Chain { name: name.clone(), base: None, rules: decisions });
                decisions = vec![vec![Expression::Jump(name)]];
            }
            rules.extend(decisions.into_iter().map(|decision| condition.iter().cloned().chain(decision).collect()));
        }
        rules.extend(block.otherwise.iter().map(|last| vec![last.clone()]));
        chains.push(Chain { name: block.name.to_owned(), base: None, rules });
        chains
    }
}

/// Whether a range covers the addresses that stand for the outside: this computer, and Identity-Aware Proxy's TCP forwarding.
fn is_outside(range: Cidr) -> bool {
    const LOCALHOST: [u8; 4] = [127, 0, 0, 1];
    const IAP: [u8; 4] = [35, 235, 240, 0];
    range.contains(LOCALHOST.into()) || range.covers(Cidr::around(IAP.into(), 20))
}

fn set_name(index: usize) -> String {
    format!("rule-{index}")
}

/// The condition on the other end's address: the source of ingress, the destination of egress.
fn address(index: usize, rule: &Rule) -> Option<Expression> {
    let addresses = match rule.ranges[..] {
        [range] => Addresses::Range(range),
        _ => Addresses::In(set_name(index)),
    };
    Some(match rule.direction {
        Direction::Ingress => Expression::Source(addresses),
        Direction::Egress => Expression::Destination(addresses),
    })
}

/// One list of conditions and a verdict for each protocol and range of ports.
fn decisions(index: usize, rule: &Rule, allow: &Expression) -> Vec<Vec<Expression>> {
    let verdict = || {
        let log = rule.log.then(|| Expression::Log(index.to_string()));
        let verdict = if rule.action == Action::Allow { allow.clone() } else { Expression::Drop };
        log.into_iter().chain([verdict])
    };
    if rule.protocols.is_empty() {
        return vec![verdict().collect()];
    }
    let conditions = rule.protocols.iter().flat_map(protocol);
    conditions.map(|condition| condition.into_iter().chain(verdict()).collect()).collect()
}

fn protocol(protocol: &Protocol) -> Vec<Vec<Expression>> {
    let number = Expression::Protocol(protocol.number);
    if protocol.ports.is_empty() {
        return vec![vec![number]];
    }
    protocol.ports.iter().map(|(from, to)| vec![number.clone(), Expression::Ports(*from, *to)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(priority: u32, action: Action, ranges: &[&str]) -> Rule {
        let ranges = ranges.iter().map(|range| range.parse().unwrap()).collect();
        let direction = Direction::Ingress;
        Rule { direction, priority, action, protocols: Vec::new(), ranges, interfaces: Vec::new(), log: false }
    }

    fn block() -> Block<'static> {
        Block { name: "ingress", by_range: true, allow: Expression::Accept, otherwise: None }
    }

    #[test]
    fn the_lowest_priority_goes_first_and_denies_before_it_allows() {
        let rules = [
            rule(1000, Action::Allow, &["0.0.0.0/0"]),
            rule(1000, Action::Deny, &["0.0.0.0/0"]),
            rule(5, Action::Allow, &["0.0.0.0/0"]),
        ];
        let order: Vec<_> = Ordered::new(&rules, Direction::Ingress).0.iter().map(|(index, _)| *index).collect();
        assert_eq!(order, [2, 1, 0]);
        assert!(Ordered::new(&rules, Direction::Egress).0.is_empty());
    }

    #[test]
    fn a_rule_without_ranges_matches_nobody() {
        let rules = [rule(1, Action::Allow, &[])];
        assert!(Ordered::new(&rules, Direction::Ingress).chains(&block())[0].rules.is_empty());
    }

    #[test]
    fn several_ports_share_a_look_at_the_ranges() {
        let mut rule = rule(1, Action::Allow, &["10.0.0.0/8", "11.0.0.0/8"]);
        rule.protocols = vec![Protocol { number: 6, ports: vec![(80, 80), (443, 443)] }];
        let rules = [rule];
        let chains = Ordered::new(&rules, Direction::Ingress).chains(&block());
        let in_set = Expression::Source(Addresses::In("rule-0".into()));
        assert_eq!(chains[1].rules, [vec![in_set, Expression::Jump("ingress-0".into())]]);
        assert_eq!(chains[0].rules[1], [Expression::Protocol(6), Expression::Ports(443, 443), Expression::Accept]);
    }

    #[test]
    fn the_host_is_outside() {
        for (range, outside) in [
            ("0.0.0.0/0", true),
            ("35.235.240.0/20", true),
            ("127.0.0.1", true),
            ("172.16.0.0/12", false),
            ("35.235.240.0/24", false),
        ] {
            assert_eq!(is_outside(range.parse().unwrap()), outside, "{range}");
        }
    }

    #[test]
    fn a_rule_is_for_its_interfaces() {
        let mut rules = [rule(1, Action::Allow, &["0.0.0.0/0"]), rule(2, Action::Allow, &["0.0.0.0/0"])];
        rules[0].interfaces = vec![1];
        let ordered = Ordered::new(&rules, Direction::Ingress);
        assert_eq!(ordered.of_interface(0).0.len(), 1);
        assert_eq!(ordered.of_interface(1).0.len(), 2);
    }
}

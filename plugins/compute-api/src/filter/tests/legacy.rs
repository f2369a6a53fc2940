//! Regular expressions.

use super::check;

#[test]
fn regular_expressions_match_the_whole_field() {
    check(&[
        ("name eq web-1", true),
        ("name eq web", false),
        ("name ne web", true),
        ("name eq .*eb.*", true),
        ("name eq 'web-.'", true),
        ("name eq \"web-.\"", true),
        ("name eq (web|db)-[0-9]", true),
        ("name eq ^web-1$", true),
        ("name eq ^web(-.+)*-v.+", false),
        ("name ne .*1", false),
        ("(status eq RUNNING) (name ne \"db.*\")", true),
        ("(status eq RUNNING)(name ne web.*)", false),
        ("deletionProtection eq true", true),
        ("scheduling.automaticRestart eq false", true),
        ("id eq 9223372036854775807", true),
        ("disks.diskSizeGb eq 1.", true),
        ("ratio eq 1.50", true),
        ("cpuPlatform eq Intel Skylake", true),
        ("zone eq us-central1-a", true),
        ("(zone eq us-east1-b|us-central1-a)", true),
        ("zone eq zones/us-central1-a", true),
        ("zone eq https://.*/us-central1-a", true),
        ("tags.items eq pub.*", true),
        ("tags.items ne pub.*", false),
        ("  ( name   eq  web-1 )  ", true),
        ("name eq 'a\\'b'", false),
        ("creationTimestamp eq 2026-11-21T08:00:00.000Z", true),
        ("labels.env eq (?i)prod", true),
        ("(name eq (web|db)-[0-9)]+)", true),
    ]);
}

/// What Cloud SDK 528 makes of `--filter` and asks for by itself.
#[test]
fn gcloud_sends_these() {
    check(&[
        (r#"name eq ".*\bweb\-1\b.*""#, true),
        (r#"name eq ".*\bwe.*""#, true),
        (r#"name eq ".*(^w.*1$).*""#, true),
        (r#"name eq ".*\b.*""#, true),
        (r#"(status eq RUNNING)(zone eq ".*\bus\-central1\-a\b.*")"#, true),
        (r#"zone ne ".*\bus\-central1\-a\b.*""#, false),
        (r#"(name eq ".*\bx\b.*")((status eq RUNNING)(machineType eq ".*\be2\b.*"))"#, false),
        (r#"(name eq ".*\bweb\-1\b.*")((status eq RUNNING)(machineType eq ".*\be2\b.*"))"#, true),
        (r#"cpuPlatform eq ".*\bIntel\ Skylake\b.*""#, true),
        (r#"description eq ".*(\"first\").*""#, true),
        (r#"description eq ".*\b\"first\"\b.*""#, false),
        (r#"networkInterfaces.networkIP eq ".*\b10\.20\.0\.3\b.*""#, true),
        (r#"zone eq ".*(us-c\b).*""#, false),
        (r#"zone eq ".*(\bus).*""#, true),
        (r#"zone ne ".*\b.*""#, false),
        (r#"region ne ".*\b.*""#, true),
        (r#"name ne ".*(x).*""#, true),
        (r#"tags.items eq ".*\bweb\b.*""#, true),
        ("name eq us-central1.*", false),
        ("status eq RUNNING", true),
        ("(operationType eq invalidateCache) (targetId eq 123)", false),
        ("creationTimestamp eq 2026-11-21T08:00:00.000Z", true),
        (r#"((status eq RUNNING)(name eq ".*(web).*"))(id eq 9223372036854775807)"#, true),
        ("name = web-1", true),
    ]);
}

//! AIP-160.

use super::check;

#[test]
fn aip_160_compares_fields_with_values() {
    check(&[
        ("", true),
        (" ", true),
        ("name = web-1", true),
        ("name=\"web-1\"", true),
        ("name = 'web-1'", true),
        ("name=web", false),
        ("name=Web-1", false),
        ("name != web-1", false),
        ("name!=x", true),
        ("name=web*", true),
        ("name = *-1", true),
        ("name=w*2", false),
        ("cpuPlatform = \"Intel Skylake\"", true),
        ("cpuPlatform=\"Intel *\"", true),
        ("deletionProtection=true", true),
        ("deletionProtection = True", true),
        ("deletionProtection=false", false),
        ("scheduling.automaticRestart = false", true),
        ("scheduling.automaticRestart != false", false),
        ("status = RUNNING", true),
        ("status=running", false),
        ("description=\"The \\\"first\\\" one, with a long tale\"", true),
        ("ratio = 1.50", true),
        ("ratio=1*", true),
        ("tags = web", false),
    ]);
}

#[test]
fn aip_160_compares_numbers_and_moments_by_value() {
    check(&[
        ("id > 9223372036854775806", true),
        ("id >= 9223372036854775808", false),
        ("id=9223372036854775807", true),
        ("disks.diskSizeGb > 9", true),
        ("disks.diskSizeGb < 9", false),
        ("disks.diskSizeGb<=10", true),
        ("disks.diskSizeGb = 10", true),
        ("disks.index = 0", true),
        ("disks.index > -1", true),
        ("ratio > 1", true),
        ("ratio<2", true),
        ("disks.index=\"0\"", true),
        ("creationTimestamp > 2026-11-21T07:59:59Z", true),
        ("creationTimestamp < \"2026-11-21T07:59:59Z\"", false),
        ("creationTimestamp = 2026-11-21T08:00:00Z", true),
        ("creationTimestamp >= 2026-11-21", true),
        ("creationTimestamp<2026-11-21", false),
        ("name > web-0", true),
        ("name < web-0", false),
        ("name>x", false),
        ("deletionProtection > false", false),
        ("absent < 1", false),
    ]);
}

#[test]
fn aip_160_asks_what_a_field_has() {
    check(&[
        ("labels.env:*", true),
        ("labels.owner:*", false),
        ("-labels.owner:*", true),
        ("labels:env", true),
        ("labels:owner", false),
        ("labels:e*", true),
        ("labels:*", true),
        ("guestAccelerators:*", false),
        ("resourceStatus:*", false),
        ("nothing:*", false),
        ("labels.empty:*", false),
        ("name:web", true),
        ("name:we", false),
        ("name:we*", true),
        ("name:WEB", true),
        ("cpuPlatform:skylake", true),
        ("cpuPlatform:\"intel sky*\"", true),
        ("zone:us-central1-a", true),
        ("zone:us-central1", true),
        ("zone:us-central1*", true),
        ("zone:demo", false),
        ("zone:us-west1-a", false),
        ("machineType:e2-medium", true),
        ("machineType:n1-*", false),
        ("tags.items:web", true),
        ("tags.items:WEB", true),
        ("tags.items:we", false),
        ("disks.boot:true", true),
        ("disks.index:0", true),
        ("region:*", false),
        ("-region:* AND zone:*", true),
        ("networkInterfaces.network:back", true),
        ("machineType:zones/us-central1-a", true),
        ("name:\"\"", false),
        ("disks:boot", true),
        ("disks:*", true),
        ("creationTimestamp:2026-11-21T08:00:00Z", true),
    ]);
}

#[test]
fn aip_160_goes_into_lists_maps_and_references() {
    let link = "https://compute.googleapis.com/compute/beta/projects/demo/global/networks/shop";
    check(&[
        ("tags.items = public", true),
        ("tags.items=private", false),
        ("tags.items!=web", false),
        ("networkInterfaces.networkIP=10.30.0.3", true),
        ("networkInterfaces.accessConfigs.natIP = 198.51.100.7", true),
        ("labels.env=Prod", true),
        ("labels.env = prod", false),
        ("labels.\"a.b\" = c", true),
        ("labels.team_x-y=1", true),
        ("labels.owner = \"\"", false),
        ("labels.owner=false", false),
        ("labels.owner != me", true),
        ("zone = us-central1-a", true),
        ("zone=zones/us-central1-a", true),
        ("zone=central1-a", false),
        (&format!("networkInterfaces.network={link}"), true),
        (&format!("networkInterfaces.network = \"{link}\""), true),
        (&format!("networkInterfaces.network = \"{link}s\""), false),
        ("networkInterfaces.network=projects/demo/global/networks/back", true),
        ("networkInterfaces.network=global/networks/b*", true),
        ("networkInterfaces.network=*/networks/shop", true),
        ("name.first = x", false),
        ("networkInterfaces.network=projects/other/global/networks/back", false),
    ]);
}

#[test]
fn a_field_without_a_value_is_the_default() {
    check(&[
        ("canIpForward = false", true),
        ("canIpForward=true", false),
        ("canIpForward != true", true),
        ("a.b.c = \"\"", true),
        ("nothing = 0", true),
        ("nothing=1", false),
        ("canIpForward eq false", true),
        ("hostname eq \"\"", true),
        ("hostname ne .+", true),
        ("labels.x eq .*", false),
        ("zone ne .*", false),
        ("region ne us-.*", true),
    ]);
}

#[test]
fn aip_160_combines_conditions() {
    check(&[
        ("(name=web-1) (status=RUNNING)", true),
        ("(name=web-1)(status=STOPPED)", false),
        ("name=x OR status=RUNNING", true),
        ("status=STOPPED AND name=x OR name=web-1", false),
        ("name=x OR name=web-1 AND status=STOPPED", false),
        ("(status=STOPPED AND name=x) OR name=web-1", true),
        ("NOT name=x", true),
        ("NOT (name=x OR name=web-1)", false),
        ("-name=web-1", false),
        ("-(name=x)", true),
        ("name=web-1 NOT status=STOPPED", true),
        ("name=web-1 -status=RUNNING", false),
        ("((((name=web-1))))", true),
        (
            "(cpuPlatform = \"Intel Skylake\") OR\n(cpuPlatform = \"Intel Broadwell\") AND\n(scheduling.automaticRestart = true)",
            false,
        ),
        ("name=web-1 AND NOT (-status=RUNNING)", true),
        ("NOT(name=x)AND(status=RUNNING)", true),
        ("ANDroid=1 OR name:*", true),
    ]);
}

//! `fogbank iam`: why somebody may or may not, and policies as files.

use super::Failure;
use super::args::Settings;
use super::client::Client;
use http::Method;
use serde_json::Value;
use std::path::PathBuf;
use url::form_urlencoded::Serializer;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say which binding grants a permission, or what each level lacks.
    Explain {
        /// As in a policy's members: user:ann@example.com, serviceAccount:...
        principal: String,
        /// storage.objects.get
        permission: String,
        /// A full resource name: //storage.googleapis.com/projects/_/buckets/demo
        resource: String,
        /// In this tenant.
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
    },
    /// Take over a policy that `gcloud ... get-iam-policy --format=json` printed, in place of the resource's own.
    Import {
        /// A full resource name: //cloudresourcemanager.googleapis.com/projects/demo-project
        resource: String,
        /// The policy.
        file: PathBuf,
        /// In this tenant.
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
    },
}

/// Does it. The exit status of `explain` is 1 where the answer is no.
pub async fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    let client = Client::of_settings(settings)?;
    match command {
        Command::Explain { principal, permission, resource, tenant } => {
            let principal = if principal.contains(':') { principal } else { format!("user:{principal}") };
            let pairs = [("principal", &principal), ("permission", &permission), ("resource", &resource)];
            let path = format!("/iam/explain?{}", query(&pairs, tenant.as_deref()));
            explained(&client.send(Method::GET, &path, None).await?)
        }
        Command::Import { resource, file, tenant } => {
            let text = std::fs::read_to_string(&file);
            let text = text.map_err(|error| Failure::other(format!("{}: {error}", file.display())))?;
            let mut policy: Value = serde_json::from_str(&text)
                .map_err(|error| Failure::other(format!("{}: is no JSON: {error}", file.display())))?;
            // Its etag is that of another cloud.
            policy.as_object_mut().map(|fields| fields.remove("etag"));
            let path = format!("/iam/policy?{}", query(&[("resource", &resource)], tenant.as_deref()));
            let stored = client.send(Method::PUT, &path, Some(&policy)).await?;
            let bindings = stored["bindings"].as_array().map_or(0, Vec::len);
            println!("{resource}: {bindings} bindings");
            Ok(())
        }
    }
}

fn query(pairs: &[(&str, &String)], tenant: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs);
    query.extend_pairs(tenant.map(|tenant| ("tenant", tenant)));
    query.finish()
}

fn explained(answer: &Value) -> Result<(), Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let allowed = answer["allowed"] == true;
    let verb = if allowed { "has" } else { "does not have" };
    println!("{} {verb} {} on {}", text(&answer["principal"]), text(&answer["permission"]), text(&answer["resource"]));
    for level in answer["levels"].as_array().into_iter().flatten() {
        let granting = level["granting"].as_array().cloned().unwrap_or_default();
        let found = match (level["hasPolicy"] == true, granting.is_empty()) {
            (false, _) => "no policy".to_owned(),
            (true, true) => format!("{} bindings, none grants it", level["bindings"]),
            (true, false) => granting.iter().map(binding).collect::<Vec<_>>().join("; "),
        };
        println!("  {}: {found}", text(&level["resource"]));
    }
    if answer["denyPolicyOverrules"] == true {
        println!("  a deny policy overrules the bindings that grant it");
    }
    if allowed { Ok(()) } else { Err(Failure::other("the answer is no")) }
}

fn binding(binding: &Value) -> String {
    let condition = binding["condition"]["expression"].as_str();
    let condition = condition.map(|condition| format!(" if {condition}")).unwrap_or_default();
    format!("granted by {}{condition}", binding["role"].as_str().unwrap_or("a binding"))
}

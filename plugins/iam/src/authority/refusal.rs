//! Why a credential is none: each cause has a reason for programs and a sentence that says what to do.

use fogbank_sdk::{Refusal, Timestamp};

/// Why somebody is not who they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Nothing came behind `Bearer`.
    Empty,
    /// Not a token at all; what is wrong with it.
    Malformed(String),
    /// A refresh token, which only the token endpoint takes.
    RefreshToken,
    /// An API key behind `Bearer`.
    KeyAsToken,
    /// An ID token, which says who somebody is and opens nothing.
    IdToken,
    /// `alg: none`, or no `alg`.
    Unsigned,
    /// Neither RS256 nor HS256.
    Algorithm(String),
    /// Signed with the right form by nobody we know of.
    Issuer(String),
    /// For another tenant.
    Tenant(String),
    /// The signature is not that of the key it names.
    Signature,
    /// For somebody else to take.
    Audience(String),
    /// Its time is over.
    Expired(Timestamp),
    /// Its time has not come.
    NotYetValid(Timestamp),
    /// It says that it is good for more than an hour.
    TooLong,
    /// A claim that it needs is not there.
    Claim(&'static str),
    /// It was taken back.
    Revoked,
    /// `kid` names no key of the account.
    Key(String),
    /// The key does not count at present.
    KeyDisabled(String),
    /// The key's own time is over, or has not come.
    KeyExpired(String),
    /// No account of this name, ever.
    Account(String),
    /// It was there once.
    AccountDeleted(String),
    /// It does not count at present.
    AccountDisabled(String),
    /// No such API key.
    ApiKey,
    /// Deleted or revoked.
    ApiKeyRevoked,
    /// Its time is over.
    ApiKeyExpired(Timestamp),
    /// No key of the account made the signature under a message.
    SignedMessage(String),
}

impl Refused {
    /// For programs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "CREDENTIALS_MISSING",
            Self::Malformed(_) => "ACCESS_TOKEN_MALFORMED",
            Self::RefreshToken | Self::IdToken | Self::KeyAsToken => "ACCESS_TOKEN_TYPE_UNSUPPORTED",
            Self::Unsigned => "TOKEN_UNSIGNED",
            Self::Algorithm(_) => "TOKEN_ALGORITHM_UNSUPPORTED",
            Self::Issuer(_) => "TOKEN_ISSUER_UNKNOWN",
            Self::Tenant(_) => "TOKEN_OF_ANOTHER_TENANT",
            Self::Signature => "TOKEN_SIGNATURE_INVALID",
            Self::Audience(_) => "TOKEN_AUDIENCE_INVALID",
            Self::Expired(_) => "ACCESS_TOKEN_EXPIRED",
            Self::NotYetValid(_) => "TOKEN_NOT_YET_VALID",
            Self::TooLong => "TOKEN_LIFETIME_TOO_LONG",
            Self::Claim(_) => "TOKEN_CLAIM_MISSING",
            Self::Revoked => "ACCESS_TOKEN_REVOKED",
            Self::Key(_) => "ACCOUNT_KEY_UNKNOWN",
            Self::KeyDisabled(_) => "ACCOUNT_KEY_DISABLED",
            Self::KeyExpired(_) => "ACCOUNT_KEY_EXPIRED",
            Self::Account(_) => "ACCOUNT_UNKNOWN",
            Self::AccountDeleted(_) => "ACCOUNT_STATE_DELETED",
            Self::AccountDisabled(_) => "ACCOUNT_STATE_DISABLED",
            Self::ApiKey => "API_KEY_INVALID",
            Self::ApiKeyRevoked => "API_KEY_REVOKED",
            Self::ApiKeyExpired(_) => "API_KEY_EXPIRED",
            Self::SignedMessage(_) => "SIGNATURE_INVALID",
        }
    }

    /// For people.
    pub fn message(&self) -> String {
        const AGAIN: &str = "Get a new one from the token endpoint.";
        match self {
            Self::Empty => {
                "There is no access token behind `Bearer`. Send one, or leave the Authorization header out.".into()
            }
            Self::Malformed(why) => format!("The access token cannot be read: {why}. {AGAIN}"),
            Self::RefreshToken => {
                "This is a refresh token. Exchange it for an access token at the token endpoint first.".into()
            }
            Self::KeyAsToken => "This is an API key. Send it in the header X-API-Key, not behind `Bearer`.".into(),
            Self::IdToken => {
                "This is an ID token: it says who somebody is, and gives access to nothing here. Send an access token."
                    .into()
            }
            Self::Unsigned => {
                "The token is not signed (alg: none), which proves nothing. Sign it with a key of the account.".into()
            }
            Self::Algorithm(name) => format!("The token is signed with {name}, which is not taken here. Use RS256."),
            Self::Issuer(issuer) => {
                format!("The token was issued by '{issuer}', whom this server does not know. {AGAIN}")
            }
            Self::Tenant(tenant) => {
                format!(
                    "The token was made for the tenant '{tenant}', which is not the one that was asked. Ask that one."
                )
            }
            Self::Signature => {
                format!("The token's signature is wrong: it was changed, or another key or server made it. {AGAIN}")
            }
            Self::Audience(audience) => {
                format!(
                    "The token is meant for '{audience}', and not for this service. Make one for the service that is called."
                )
            }
            Self::Expired(at) => format!("The token expired at {at}. {AGAIN}"),
            Self::NotYetValid(from) => {
                format!("The token is not valid before {from}. Check the clock of whoever made it.")
            }
            Self::TooLong => {
                "The token says that it is valid for more than an hour, which is the most. Make a shorter one.".into()
            }
            Self::Claim(claim) => format!("The token lacks the claim '{claim}', or it is of another type."),
            Self::Revoked => format!("The token was revoked. {AGAIN}"),
            Self::Key(account) => {
                format!("The key that the token names is none of {account}. Make a new key for the account.")
            }
            Self::KeyDisabled(account) => {
                format!("The key of {account} that signed this is disabled. Enable it, or use another.")
            }
            Self::KeyExpired(account) => {
                format!("The key of {account} that signed this is outside the time that it is valid for. Use another.")
            }
            Self::Account(account) => format!("There is no service account {account}. Check its name, and the tenant."),
            Self::AccountDeleted(account) => {
                format!("The service account {account} was deleted. Undelete it, or use another.")
            }
            Self::AccountDisabled(account) => {
                format!("The service account {account} is disabled. Enable it, or use another.")
            }
            Self::ApiKey => "The API key is not known here. Check that it is whole, and the tenant.".into(),
            Self::ApiKeyRevoked => "The API key was revoked or deleted. Use another.".into(),
            Self::ApiKeyExpired(at) => format!("The API key expired at {at}. Use another."),
            Self::SignedMessage(account) => {
                format!(
                    "The signature is not that of a key of {account} for what was sent. Check the string that was signed."
                )
            }
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self { reason: refused.reason().to_owned(), message: refused.message() }
    }
}

-- What instances say of themselves. <https://cloud.google.com/compute/docs/metadata/manage-guest-attributes>
CREATE TABLE guest_attribute (
    instance BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (instance, namespace, key)
);

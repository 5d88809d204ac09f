//! What the reading of one record gives, and how it becomes rows of a snapshot.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::catalog::{AttributeCondition, Catalog};
use crate::graph::{Observation, Snapshot, SnapshotBuilder};
use crate::model::{Evidence, FindingId, Product, Region, RelationKind, Resource, ResourceType};

use super::{details, inferred, permissions, spelling};

/// A record that cannot be used: what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(pub String);

impl RecordError {
    /// Why `what` cannot be used.
    pub fn new(what: &str, why: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

/// What a record says, in exposured's terms.
#[derive(Clone, Debug)]
pub struct ParsedRecord {
    /// The finding.
    pub finding: FindingId,
    /// Who made it.
    pub product: Product,
    /// Its title.
    pub title: String,
    /// Where it was made.
    pub region: Region,
    /// When it was last changed, if it can be told.
    pub updated_at: Option<DateTime<Utc>>,
    /// What it says, if it is a finding that counts: active, not suppressed, failed.
    pub evidence: Option<Evidence>,
    /// What it is about.
    pub resources: Vec<ParsedResource>,
    /// Edges that the finding itself draws (a network path), beside those in the details.
    pub relations: Vec<(Resource, RelationKind, Resource)>,
}

/// A resource, with what the record tells of it.
#[derive(Clone, Debug)]
pub struct ParsedResource {
    /// Which one.
    pub resource: Resource,
    /// Its tags, sorted.
    pub tags: Vec<(String, String)>,
    /// Its details, as the source writes them; `Null` if it tells none.
    pub details: Value,
}

/// Turns readings into a snapshot: derives traits, keeps what the catalog uses, lets go of the rest.
#[derive(Debug)]
pub struct SnapshotWriter<'a> {
    catalog: &'a Catalog,
    builder: SnapshotBuilder,
    records: u64,
    signals: u64,
}

impl<'a> SnapshotWriter<'a> {
    /// An empty one.
    pub fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            builder: SnapshotBuilder::default(),
            records: 0,
            signals: 0,
        }
    }

    /// Writes down what a record shows.
    pub fn write(&mut self, reading: &ParsedRecord) {
        self.records += 1;
        let mut used = false;
        for described in &reading.resources {
            let shown = self.write_evidence(reading, described);
            let told = permissions::told(&described.resource, &described.details);
            let attributes = self.write_attributes(reading, described, &told.attributes)
                | self.write_until_told(reading, described, &told.until_told);
            self.builder
                .permit(&described.resource, told.permissions, reading.updated_at);
            let mut edges =
                details::relations(&described.resource, &described.details, &reading.region);
            edges.extend(told.edges);
            edges.extend(inferred::node_of(&described.resource, &described.tags));
            for (from, kind, to) in &edges {
                self.write_edge(reading, from, *kind, to);
            }
            if shown || attributes || !edges.is_empty() {
                used = true;
                self.builder.tag(&described.resource, &described.tags);
            }
        }
        for (from, kind, to) in &reading.relations {
            used = true;
            self.write_edge(reading, from, *kind, to);
        }
        self.signals += u64::from(used);
    }

    /// Notes a record that could not be used.
    pub fn skip(&mut self) {
        self.records += 1;
    }

    /// The snapshot, how many records were read, and how many of them made a signal.
    pub fn finish(self) -> (Snapshot, u64, u64) {
        (self.builder.finish(), self.records, self.signals)
    }

    fn write_evidence(&mut self, reading: &ParsedRecord, described: &ParsedResource) -> bool {
        let Some(evidence) = &reading.evidence else {
            return false;
        };
        let shown = self
            .catalog
            .traits_of(evidence, described.resource.resource_type);
        for trait_index in &shown {
            self.builder.observe(Observation {
                resource: &described.resource,
                trait_index: *trait_index,
                holds: true,
                finding: &reading.finding,
                product: reading.product,
                evidence,
                updated_at: reading.updated_at,
            });
        }
        !shown.is_empty()
    }

    fn write_attributes(
        &mut self,
        reading: &ParsedRecord,
        described: &ParsedResource,
        derived: &Value,
    ) -> bool {
        let mut used = false;
        for condition in self
            .catalog
            .attribute_conditions(described.resource.resource_type)
        {
            let mut values = spelling::values(
                described.resource.resource_type,
                &described.details,
                &condition.path,
            );
            values.extend(details::attributes(derived, &condition.path));
            used |=
                self.write_attribute(reading, described, condition, &values, reading.updated_at);
        }
        used
    }

    /// What holds as long as no other record tells more is older than all of them.
    fn write_until_told(
        &mut self,
        reading: &ParsedRecord,
        described: &ParsedResource,
        until_told: &Value,
    ) -> bool {
        let mut used = false;
        for condition in self
            .catalog
            .attribute_conditions(described.resource.resource_type)
        {
            let values = details::attributes(until_told, &condition.path);
            used |= self.write_attribute(reading, described, condition, &values, None);
        }
        used
    }

    fn write_attribute(
        &mut self,
        reading: &ParsedRecord,
        described: &ParsedResource,
        condition: &AttributeCondition,
        values: &[&Value],
        updated_at: Option<DateTime<Utc>>,
    ) -> bool {
        if values.is_empty() {
            return false;
        }
        let holds = values.iter().any(|value| condition.test.is_met_by(value));
        self.builder.observe(Observation {
            resource: &described.resource,
            trait_index: condition.trait_index,
            holds,
            finding: &reading.finding,
            product: reading.product,
            evidence: &Evidence::Attribute {
                path: condition.path.clone(),
                // Only a value that the catalog names is repeated: others may be secrets.
                value: condition.test.told(holds),
                title: reading.title.clone(),
            },
            updated_at,
        });
        true
    }

    fn write_edge(
        &mut self,
        reading: &ParsedRecord,
        from: &Resource,
        kind: RelationKind,
        to: &Resource,
    ) {
        self.builder.relate(from, kind, to);
        if to.resource_type != ResourceType::IamPolicy {
            return;
        }
        for trait_index in self
            .catalog
            .traits_of_known_resource(to.resource_type, &to.id)
        {
            self.builder.observe(Observation {
                resource: to,
                trait_index,
                holds: true,
                finding: &reading.finding,
                product: reading.product,
                evidence: &Evidence::KnownResource { id: to.id.clone() },
                updated_at: reading.updated_at,
            });
        }
    }
}

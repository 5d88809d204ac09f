//! Writes parsed records into a snapshot, each once.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::model::{
    AccountId, Evidence, IgnoreReason, IgnoredRecords, RecordKind, Resource, ResourceType,
};
use crate::records::{EdgeEnd, ParsedAttribute, ParsedEdge, ParsedRecord, ParsedResource};

use super::snapshot::Snapshot;
use super::snapshot_builder::{Observation, SnapshotBuilder};

/// Writes parsed records into a snapshot: keeps what shows a trait or relates resources, and drops the rest.
#[derive(Debug)]
pub struct SnapshotWriter<'a> {
    catalog: &'a Catalog,
    builder: SnapshotBuilder,
    records: u64,
    signals: u64,
    ignored: IgnoredRecords,
    accounts: BTreeSet<AccountId>,
}

/// A snapshot, and the number of records that it was made from.
#[derive(Debug)]
pub struct WrittenSnapshot {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The number of records, including those that were skipped.
    pub records: u64,
    /// The number of records that became a signal.
    pub signals: u64,
    /// The number of records that are not evidence, by reason.
    pub ignored: IgnoredRecords,
    /// The accounts that the records are from.
    pub accounts: BTreeSet<AccountId>,
}

impl<'a> SnapshotWriter<'a> {
    /// Creates a writer of an empty snapshot.
    pub fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            builder: SnapshotBuilder::default(),
            records: 0,
            signals: 0,
            ignored: IgnoredRecords::default(),
            accounts: BTreeSet::new(),
        }
    }

    /// Writes a record.
    pub fn write(&mut self, mut record: ParsedRecord) {
        self.records += 1;
        self.accounts.extend(record.account);
        if let Some((arn, document)) = record.aws_policy.take() {
            self.builder
                .add_aws_policy(arn, document, record.updated_at);
            self.signals += 1;
            return;
        }
        if record.names_other_account {
            self.ignored.count(IgnoreReason::OtherAccount);
        }
        self.builder.add_time(record.updated_at);
        let is_inactive = record.is_inactive();
        let mut is_signal = !record.edges.is_empty();
        let mut shows_trait = false;
        for parsed in std::mem::take(&mut record.resources) {
            let is_evidence = self.write_evidence(&record, &parsed.resource);
            shows_trait |= is_evidence;
            is_signal |= self.write_resource(&record, parsed, is_evidence);
        }
        for edge in &record.edges {
            self.write_edge(&record, edge, None);
        }
        if is_inactive {
            self.ignored.count(IgnoreReason::Inactive);
        }
        if record.kind.is_finding() && !shows_trait {
            let is_ended = record.kind == RecordKind::EndedFinding;
            let (finding, product) = (&record.finding, record.product);
            self.builder
                .add_state(finding, product, record.updated_at, is_ended);
        }
        self.signals += u64::from(is_signal);
    }

    /// Counts a record that is not evidence.
    pub fn ignore(&mut self, reason: IgnoreReason) {
        self.records += 1;
        self.ignored.count(reason);
    }

    /// Counts a record that cannot be parsed.
    pub fn skip(&mut self) {
        self.records += 1;
    }

    /// Returns the snapshot.
    pub fn finish(self) -> WrittenSnapshot {
        WrittenSnapshot {
            snapshot: self.builder.finish(),
            records: self.records,
            signals: self.signals,
            ignored: self.ignored,
            accounts: self.accounts,
        }
    }

    /// Writes the rest of what the record says about a resource, and returns whether it says anything.
    fn write_resource(
        &mut self,
        record: &ParsedRecord,
        parsed: ParsedResource,
        is_evidence: bool,
    ) -> bool {
        let ParsedResource {
            resource,
            tags,
            attributes,
            edges,
            empty_lists,
            permissions,
        } = parsed;
        let updated_at = record.updated_at;
        match record.kind {
            RecordKind::Deletion => self.builder.add_deletion(&resource, updated_at),
            RecordKind::WholeConfiguration => {
                self.builder.add_whole_configuration(&resource, updated_at);
            }
            _ => {}
        }
        let is_used = is_evidence || !attributes.is_empty() || !edges.is_empty();
        for attribute in attributes {
            self.write_attribute(record, &resource, attribute);
        }
        self.builder
            .add_permissions(&resource, permissions, updated_at);
        for edge in &edges {
            self.write_edge(record, edge, listing_end(edge, &resource));
        }
        for list in empty_lists {
            self.builder
                .add_empty_list(&resource, list, record.kind, updated_at);
        }
        // Findings of other targets may show the traits of a resource whose tags only an inventory lists.
        if is_used || record.lists_tags {
            self.builder.add_tags(&resource, &tags);
        }
        if tags.is_empty() && record.lists_tags && record.kind != RecordKind::Deletion {
            self.builder.add_untagged(&resource);
        }
        is_used
    }

    fn write_evidence(&mut self, record: &ParsedRecord, resource: &Resource) -> bool {
        let Some(evidence) = &record.evidence else {
            return false;
        };
        let traits = self.catalog.traits_of(evidence, resource.resource_type);
        for trait_index in &traits {
            self.builder.add_observation(Observation {
                resource,
                trait_index: *trait_index,
                holds: true,
                finding: &record.finding,
                product: record.product,
                record: record.kind,
                is_fallback: false,
                evidence,
                updated_at: record.updated_at,
            });
        }
        !traits.is_empty()
    }

    fn write_attribute(
        &mut self,
        record: &ParsedRecord,
        resource: &Resource,
        attribute: ParsedAttribute,
    ) {
        self.builder.add_observation(Observation {
            resource,
            trait_index: attribute.trait_index,
            holds: attribute.holds,
            finding: &record.finding,
            product: record.product,
            record: record.kind,
            is_fallback: attribute.updated_at.is_none(),
            evidence: &Evidence::Attribute {
                path: attribute.path,
                value: attribute.value,
                title: record.title.clone(),
            },
            updated_at: record.updated_at,
        });
    }

    /// Writes an edge. An IAM policy may have traits by its name alone, such as `AdministratorAccess`.
    fn write_edge(&mut self, record: &ParsedRecord, edge: &ParsedEdge, listed_by: Option<EdgeEnd>) {
        self.builder
            .add_dated_edge(edge, listed_by, record.kind, record.updated_at);
        if edge.to.resource_type != ResourceType::IamPolicy {
            return;
        }
        for trait_index in self
            .catalog
            .traits_of_known_resource(edge.to.resource_type, &edge.to.id)
        {
            self.builder.add_observation(Observation {
                resource: &edge.to,
                trait_index,
                holds: true,
                finding: &record.finding,
                product: record.product,
                // What the name shows does not change with the finding.
                record: RecordKind::Configuration,
                is_fallback: false,
                evidence: &Evidence::KnownResource {
                    id: edge.to.id.clone(),
                },
                updated_at: record.updated_at,
            });
        }
    }
}

/// The end of an edge that is the resource whose record lists the edge.
fn listing_end(edge: &ParsedEdge, resource: &Resource) -> Option<EdgeEnd> {
    if edge.from == *resource {
        Some(EdgeEnd::From)
    } else if edge.to == *resource {
        Some(EdgeEnd::To)
    } else {
        None
    }
}

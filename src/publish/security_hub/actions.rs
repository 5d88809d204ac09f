//! The actions that publishing calls, in the account of each destination.

use crate::aws::IamAction;

/// Source: Service Authorization Reference, "AWS Security Hub".
pub(in crate::publish) const GET_FINDINGS: IamAction = IamAction {
    statement: "ReadFindings",
    action: "securityhub:GetFindings",
    reason: "read published exposures back",
    resource: "arn:{partition}:securityhub:{region}:{account}:hub/default",
};

/// Source: Service Authorization Reference, "AWS Security Hub"; a finding of a custom product belongs to the default
/// product of its account.
pub(in crate::publish) const BATCH_IMPORT_FINDINGS: IamAction = IamAction {
    statement: "PublishExposures",
    action: "securityhub:BatchImportFindings",
    reason: "publish exposures",
    resource: "arn:{partition}:securityhub:{region}:{account}:product/{account}/default",
};

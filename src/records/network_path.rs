//! The edges that a network path draws: consecutive components that hang on each other.

use crate::model::{
    AccountId, NetworkPath, Region, RelationKind, Resource, ResourceMention, ResourceType, identify,
};

use super::parsed::ParsedEdge;

/// Inspector lists the components from the outside in:
/// gateway → network ACL → security group → network interface → instance.
pub(super) fn relations(
    path: &NetworkPath,
    account: AccountId,
    region: &Region,
) -> Vec<ParsedEdge> {
    use ResourceType as T;
    let components: Vec<Resource> = path
        .steps
        .iter()
        .filter_map(|step| {
            let resource_type = T::from_any_name(&step.component_type)?;
            Some(identify(ResourceMention {
                resource_type,
                id: &step.component_id,
                account,
                region,
            }))
        })
        .collect();
    components
        .windows(2)
        .filter_map(|pair| {
            let [outer, inner] = pair else { return None };
            let kind = match (outer.resource_type, inner.resource_type) {
                (T::Ec2SecurityGroup, T::Ec2NetworkInterface | T::Ec2Instance) => {
                    RelationKind::MemberOfSecurityGroup
                }
                (T::Ec2NetworkInterface, T::Ec2Instance) => RelationKind::HasNetworkInterface,
                _ => return None,
            };
            Some(ParsedEdge::new(inner.clone(), kind, outer.clone()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PathStep;

    #[test]
    fn the_path_tells_group_and_interface_of_the_instance() {
        let steps = [
            ("AWS::EC2::InternetGateway", "igw-1"),
            ("AWS::EC2::NetworkAcl", "acl-1"),
            ("AWS::EC2::SecurityGroup", "sg-1"),
            ("AWS::EC2::NetworkInterface", "eni-1"),
            ("AWS::EC2::Instance", "i-1"),
        ];
        let path = NetworkPath {
            title: String::new(),
            protocol: None,
            ports: None,
            steps: steps
                .map(|(kind, id)| PathStep {
                    component_type: kind.into(),
                    component_id: id.into(),
                })
                .to_vec(),
        };
        let edges = relations(
            &path,
            "111122223333".parse().unwrap(),
            &"us-east-1".parse().unwrap(),
        );
        let told: Vec<_> = edges
            .iter()
            .map(|ParsedEdge { from, kind, to }| format!("{} {} {}", from.id, kind.as_str(), to.id))
            .collect();
        insta::assert_debug_snapshot!(told, @r#"
        [
            "arn:aws:ec2:us-east-1:111122223333:network-interface/eni-1 member-of-security-group arn:aws:ec2:us-east-1:111122223333:security-group/sg-1",
            "arn:aws:ec2:us-east-1:111122223333:instance/i-1 has-network-interface arn:aws:ec2:us-east-1:111122223333:network-interface/eni-1",
        ]
        "#);
    }
}

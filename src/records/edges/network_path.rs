//! The edges between the components of a network path.

use crate::model::{
    AccountId, NetworkPath, Region, RelationKind, Resource, ResourceMention, ResourceType, identify,
};

use crate::records::parsed::ParsedEdge;

/// The edges between consecutive components. Inspector lists them from the outside in: gateway → network ACL → security
/// group → network interface → instance.
pub(in crate::records) fn network_path_edges(
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
    use crate::records::testing::edge_names;

    #[test]
    fn the_path_has_the_group_and_the_interface_of_the_instance() {
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
        let edges = network_path_edges(
            &path,
            "111122223333".parse().unwrap(),
            &"us-east-1".parse().unwrap(),
        );
        assert_eq!(
            edge_names(&edges),
            [
                "network-interface/eni-1 member-of-security-group security-group/sg-1",
                "instance/i-1 has-network-interface network-interface/eni-1",
            ]
        );
    }
}

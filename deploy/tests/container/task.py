"""The task of the CloudFormation template, as arguments of `docker run`."""

from pathlib import Path

CLOUDFORMATION = Path(__file__).parents[2] / "cloudformation"


def create_stack(aws, image, **parameters):
    """Creates the stack and returns its task definition's only container."""
    subnets = aws.client("ec2").describe_subnets()["Subnets"][:2]
    parameters = {
        "Image": image,
        "VpcId": subnets[0]["VpcId"],
        "SubnetIds": ",".join(subnet["SubnetId"] for subnet in subnets),
        **parameters,
    }
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName="exposured",
        TemplateBody=(CLOUDFORMATION / "exposured.yaml").read_text(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    (stack,) = cloudformation.describe_stacks(StackName="exposured")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    definition = aws.client("ecs").describe_task_definition(taskDefinition="exposured")["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    return container


def run_arguments(container, network, environment):
    """The container definition, with what the ECS agent adds to it.

    The health check of the image stands in for the one of the container definition, because `docker run` can set only
    one that needs a shell. `test_image.py` compares the two. Here it only runs more often.
    """
    linux = container["linuxParameters"]
    arguments = [
        f"--network={network}",
        f"--user={container['user']}",
        f"--read-only={str(container['readonlyRootFilesystem']).lower()}",
        f"--stop-timeout={container['stopTimeout']}",
        "--health-interval=1s",
        "--security-opt=no-new-privileges",
    ]
    arguments += [f"--cap-drop={name}" for name in linux["capabilities"]["drop"]]
    arguments += [
        f"--tmpfs={mount['containerPath']}:size={mount['size']}m,{','.join(mount['mountOptions'])}"
        for mount in linux["tmpfs"]
    ]
    variables = {item["name"]: item["value"] for item in container["environment"]} | environment
    arguments += [f"--env={name}={value}" for name, value in variables.items()]
    return [*arguments, container["image"], *container["command"]]

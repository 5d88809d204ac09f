# The same stack as with CloudFormation, from the same template. Both ways create the same resources, and there is only one
# definition to review.
resource "aws_cloudformation_stack" "exposured" {
  name              = var.name
  template_body     = file("${path.module}/../cloudformation/exposured.yaml")
  capabilities      = ["CAPABILITY_IAM"]
  notification_arns = var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]
  tags              = var.tags

  parameters = merge({
    Image         = var.image
    RepositoryArn = var.repository_arn
    # A CloudFormation parameter holds 4,096 bytes, so lines that are only a comment are left out.
    Config = var.config_file == "" ? "" : join("\n", [
      for line in split("\n", file(var.config_file)) : line if !startswith(trimspace(line), "#")
    ])
    VpcId         = var.vpc_id
    SubnetIds     = join(",", var.subnet_ids)
    AlarmTopicArn = var.alarm_topic_arn
  }, var.parameters)
}

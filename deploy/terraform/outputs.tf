output "task_role_arn" {
  description = "The role that the roles of member accounts trust."
  value       = aws_cloudformation_stack.exposured.outputs["TaskRoleArn"]
}

output "log_group_name" {
  description = "The log group of the task."
  value       = aws_cloudformation_stack.exposured.outputs["LogGroupName"]
}

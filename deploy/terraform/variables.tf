variable "name" {
  type        = string
  description = "The name of the CloudFormation stack."
  default     = "exposured"
}

variable "image" {
  type        = string
  description = "The container image, with a digest (recommended) or a tag."
}

variable "repository_arn" {
  type        = string
  description = "The ARN of the ECR repository that holds the image. Empty if the image is not in ECR."
  default     = ""
}

variable "config_file" {
  type        = string
  description = "The path of exposured.toml. Empty to use the defaults, or to set ConfigArn in parameters."
  default     = ""
}

variable "vpc_id" {
  type        = string
  description = "The VPC that the task runs in."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets that reach the AWS APIs through a NAT gateway or VPC endpoints."
}

variable "alarm_topic_arn" {
  type        = string
  description = "The ARN of the SNS topic that the alarms and stack events notify. Empty for none."
  default     = ""
}

variable "parameters" {
  type        = map(string)
  description = "Further parameters of ../cloudformation/exposured.yaml, such as RunAs or Regions."
  default     = {}
}

variable "tags" {
  type        = map(string)
  description = "Tags of the stack and its resources."
  default     = {}
}

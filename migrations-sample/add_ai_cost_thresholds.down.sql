DROP TABLE ai_cost_thresholds;

SELECT
  `masks`.`date`,
  `masks`.`mask`,
  count(*) AS `keys`
FROM (
  SELECT
    `rows_of_all`.`date` AS `date`,
    `rows_of_all`.`key_1` AS `key_1`,
    BIT_OR(`rows_of_all`.`bit`) AS `mask`
  FROM (
    SELECT
      DATE(`nbac_schedule`.`game_date`, 'America/New_York') AS `date`,
      `nbac_schedule`.`game_id` AS `key_1`,
      CASE WHEN (
        `nbac_schedule`.`game_id` IS NULL
      ) THEN 1024 ELSE 1 END AS `bit`
    FROM `nba_raw`.`nbac_schedule`
    WHERE
      (
        `nbac_schedule`.`game_date` >= CAST('2025-01-01 00:00:00-05:00' AS TIMESTAMP)
        AND `nbac_schedule`.`game_date` < CAST('2025-02-01 00:00:00-05:00' AS TIMESTAMP)
        OR `nbac_schedule`.`game_date` IS NULL
      )
      AND (
        `nbac_schedule`.`game_id` IS NULL OR `nbac_schedule`.`game_id` NOT LIKE '003%%'
      )
    UNION ALL
    SELECT
      DATE(`bdl_player_boxscores`.`game_date`, 'America/New_York') AS `date`,
      `bdl_player_boxscores`.`game_id` AS `key_1`,
      CASE WHEN (
        `bdl_player_boxscores`.`game_id` IS NULL
      ) THEN 2048 ELSE 2 END AS `bit`
    FROM `nba_raw`.`bdl_player_boxscores`
    WHERE
      `bdl_player_boxscores`.`game_date` >= CAST('2025-01-01 00:00:00-05:00' AS TIMESTAMP)
      AND `bdl_player_boxscores`.`game_date` < CAST('2025-02-01 00:00:00-05:00' AS TIMESTAMP)
      OR `bdl_player_boxscores`.`game_date` IS NULL
    UNION ALL
    SELECT
      DATE(`nbac_gamebook_player_stats`.`game_date`, 'America/New_York') AS `date`,
      `nbac_gamebook_player_stats`.`game_id` AS `key_1`,
      CASE WHEN (
        `nbac_gamebook_player_stats`.`game_id` IS NULL
      ) THEN 4096 ELSE 4 END AS `bit`
    FROM `nba_raw`.`nbac_gamebook_player_stats`
    WHERE
      `nbac_gamebook_player_stats`.`game_date` >= CAST('2025-01-01 00:00:00-05:00' AS TIMESTAMP)
      AND `nbac_gamebook_player_stats`.`game_date` < CAST('2025-02-01 00:00:00-05:00' AS TIMESTAMP)
      OR `nbac_gamebook_player_stats`.`game_date` IS NULL
    UNION ALL
    SELECT
      DATE(`nbac_player_boxscores`.`game_date`, 'America/New_York') AS `date`,
      `nbac_player_boxscores`.`game_id` AS `key_1`,
      CASE WHEN (
        `nbac_player_boxscores`.`game_id` IS NULL
      ) THEN 8192 ELSE 8 END AS `bit`
    FROM `nba_raw`.`nbac_player_boxscores`
    WHERE
      `nbac_player_boxscores`.`game_date` >= CAST('2025-01-01 00:00:00-05:00' AS TIMESTAMP)
      AND `nbac_player_boxscores`.`game_date` < CAST('2025-02-01 00:00:00-05:00' AS TIMESTAMP)
      OR `nbac_player_boxscores`.`game_date` IS NULL
    UNION ALL
    SELECT
      DATE(`player_game_summary`.`game_date`, 'America/New_York') AS `date`,
      `player_game_summary`.`game_id` AS `key_1`,
      CASE WHEN (
        `player_game_summary`.`game_id` IS NULL
      ) THEN 16384 ELSE 16 END AS `bit`
    FROM `nba_analytics`.`player_game_summary`
    WHERE
      `player_game_summary`.`game_date` >= CAST('2025-01-01 00:00:00-05:00' AS TIMESTAMP)
      AND `player_game_summary`.`game_date` < CAST('2025-02-01 00:00:00-05:00' AS TIMESTAMP)
      OR `player_game_summary`.`game_date` IS NULL
    UNION ALL
    SELECT
      DATE(`team_defense_game_summary`.`game_date`, 'America/New_York') AS `date`,
      `team_defense_game_summary`.`game_id` AS `key_1`,
      CASE WHEN (
        `team_defense_game_summary`.`game_id` IS NULL
      ) THEN 32768 ELSE 32 END AS `bit`
    FROM `nba_analytics`.`team_defense_game_summary`
    WHERE
      `team_defense_game_summary`.`game_date` >= CAST('2025-01-01 00:00:00-05:00' AS TIMESTAMP)
      AND `team_defense_game_summary`.`game_date` < CAST('2025-02-01 00:00:00-05:00' AS TIMESTAMP)
      OR `team_defense_game_summary`.`game_date` IS NULL
    UNION ALL
    SELECT
      DATE(`player_composite_factors`.`game_date`, 'America/New_York') AS `date`,
      `player_composite_factors`.`game_id` AS `key_1`,
      CASE WHEN (
        `player_composite_factors`.`game_id` IS NULL
      ) THEN 65536 ELSE 64 END AS `bit`
    FROM `nba_precompute`.`player_composite_factors`
    WHERE
      `player_composite_factors`.`game_date` >= CAST('2025-01-01 00:00:00-05:00' AS TIMESTAMP)
      AND `player_composite_factors`.`game_date` < CAST('2025-02-01 00:00:00-05:00' AS TIMESTAMP)
      OR `player_composite_factors`.`game_date` IS NULL
    UNION ALL
    SELECT
      DATE(`team_defense_zone_analysis`.`analysis_date`, 'America/New_York') AS `date`,
      NULL AS `key_1`,
      128 AS `bit`
    FROM `nba_precompute`.`team_defense_zone_analysis`
    WHERE
      `team_defense_zone_analysis`.`analysis_date` >= CAST('2025-01-01 00:00:00-05:00' AS TIMESTAMP)
      AND `team_defense_zone_analysis`.`analysis_date` < CAST('2025-02-01 00:00:00-05:00' AS TIMESTAMP)
      OR `team_defense_zone_analysis`.`analysis_date` IS NULL
    UNION ALL
    SELECT
      DATE(`player_daily_cache`.`cache_date`, 'America/New_York') AS `date`,
      NULL AS `key_1`,
      256 AS `bit`
    FROM `nba_precompute`.`player_daily_cache`
    WHERE
      `player_daily_cache`.`cache_date` >= CAST('2025-01-01 00:00:00-05:00' AS TIMESTAMP)
      AND `player_daily_cache`.`cache_date` < CAST('2025-02-01 00:00:00-05:00' AS TIMESTAMP)
      OR `player_daily_cache`.`cache_date` IS NULL
    UNION ALL
    SELECT
      DATE(`prediction_accuracy`.`game_date`, 'America/New_York') AS `date`,
      `prediction_accuracy`.`game_id` AS `key_1`,
      CASE WHEN (
        `prediction_accuracy`.`game_id` IS NULL
      ) THEN 524288 ELSE 512 END AS `bit`
    FROM `nba_predictions`.`prediction_accuracy`
    WHERE
      `prediction_accuracy`.`game_date` >= CAST('2025-01-01 00:00:00-05:00' AS TIMESTAMP)
      AND `prediction_accuracy`.`game_date` < CAST('2025-02-01 00:00:00-05:00' AS TIMESTAMP)
      OR `prediction_accuracy`.`game_date` IS NULL
  ) AS `rows_of_all`
  GROUP BY
    `rows_of_all`.`date`,
    `rows_of_all`.`key_1`
) AS `masks`
GROUP BY
  `masks`.`date`,
  `masks`.`mask`
